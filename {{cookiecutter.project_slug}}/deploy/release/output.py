"""What people see: steps, details, warnings, and the one error that ends a run."""

from __future__ import print_function

import os
import re
import sys

# sysexits(3), as in every script of this project
REFUSED = 1
USAGE = 64
BAD_BUNDLE = 65
INTERNAL = 70
WRITE_FAILED = 73
LOCKED = 75
CONFIGURATION = 78

# As in setup.sh; the ends of lines and tabs stay.
CONTROL = "[\0-\x08\x0b-\x1f\x7f]"


class Failure(Exception):
    """Ends the run with an exit status; the message says what is wrong and what to do next."""

    def __init__(self, status, message):
        Exception.__init__(self, message)
        self.status = status


def plain(line):
    """A line of an answer, as it is."""
    _say(line)


def step(message):
    _say("==> " + message)


def detail(message):
    _say("    " + message)


def warning(message):
    _say("warning: " + message, sys.stderr)


def error(message):
    _say("error: " + message, sys.stderr)


def _say(line, stream=None):
    """Print a line at once. Nobody may be there any more to read it: a lost connection stops no deployment.

    What it quotes may be anybody's text: control characters could make a terminal show something else.
    """
    try:
        print(re.sub(CONTROL, "?", line), file=stream or sys.stdout)
        (stream or sys.stdout).flush()
    except EnvironmentError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
