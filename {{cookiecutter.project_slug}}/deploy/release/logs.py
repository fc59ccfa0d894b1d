"""The end of the application's error log, to show why a release was refused.

The log is the application's account's: it is read only if it is a plain file, never through a link.
"""

import os
import re
import stat

import native
import process

LONGEST_BYTES = 64 * 1024
SHOWN_LINES = 40
# How gunicorn's master ends when no worker starts: two tracebacks of its own, below the worker's that matters.
FAREWELL = re.compile(
    r'^Traceback \(most recent call last\):\n  File "[^"\n]*/gunicorn/arbiter\.py", line \d+, in run\n'
    r"(?:.*\n)*?gunicorn\.errors\.HaltServer:.*\n(?!\nDuring handling)",
    re.MULTILINE,
)
# What an application says of a file that it may not write to: Python's EROFS, and SQLite.
READ_ONLY = ("Read-only file system", "attempt to write a readonly database", "unable to open database file")
WHERE_TO_WRITE = "a release's files are read-only: what the app writes belongs in instance/, which outlives releases"


def _open(layout):
    descriptor = os.open(os.path.join(layout.logs, "error.log"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a plain file")
    return os.fdopen(descriptor, "rb")


def end(layout):
    """The size of the error log in bytes, 0 if there is none."""
    try:
        with _open(layout) as log:
            return os.fstat(log.fileno()).st_size
    except OSError:
        return 0


def since(layout, start):
    """The last lines written after `start` bytes, indented, each with its end of line; empty if there are none.

    The last one may be advice on what they say.
    """
    try:
        with _open(layout) as log:
            log.seek(max(start, os.fstat(log.fileno()).st_size - LONGEST_BYTES))
            written = native.text(log.read())
    except OSError:
        return ""
    text = process.tail(FAREWELL.sub("", written), SHOWN_LINES)
    return text + "\n" + _advice(text) if text else ""


def _advice(text):
    return WHERE_TO_WRITE + "\n" if any(words in text for words in READ_ONLY) else ""
