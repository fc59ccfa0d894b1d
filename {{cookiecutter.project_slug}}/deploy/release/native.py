"""Bytes of commands and files as a str of the Python that runs, and back: no byte is lost, whatever its encoding.

A str of Python 2 is bytes. Python 3 keeps what its locale cannot decode as surrogates (PEP 383), which an environment,
a pipe and an output take again; before 3.7 that is all but ASCII, in the C locale.
"""

import os


def text(data):
    return data if str is bytes else os.fsdecode(data)


def data(text):
    return text if str is bytes else os.fsencode(text)
