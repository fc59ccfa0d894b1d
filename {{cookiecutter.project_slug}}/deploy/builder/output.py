"""What people see: steps, details and warnings in one grammar, and failures with an exit code."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

REFUSED = 1  # as on the box: what was asked about does not hold
# sysexits.h
USAGE, DAMAGED, UNAVAILABLE, INTERNAL, WRITE_FAILED, SETTINGS = 64, 65, 69, 70, 73, 78

WORTH_TELLING = 5  # seconds: a step that took longer says so at once, and all are in the summary


class Failure(Exception):
    """An end that the user can do something about: an exit code, and a message that says what."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def nothing() -> None:
    """Do nothing."""


# A line that is redrawn at the bottom of a terminal (builder.progress) makes room for others.
before_a_line = nothing
LOCK = threading.Lock()


def quiet() -> bool:
    """Tell whether only results, warnings and errors are wanted (QUIET=1)."""
    return bool(os.environ.get("QUIET"))


def verbose() -> bool:
    """Tell whether all that commands print is wanted too (VERBOSE=1)."""
    return bool(os.environ.get("VERBOSE")) and not quiet()


def put(line: str, stream: TextIO) -> None:
    with LOCK:
        before_a_line()
        print(line, file=stream, flush=True)


def say(line: str) -> None:
    if not quiet():
        put(line, sys.stdout)


def detail(text: str) -> None:
    say(f"    {text}")


def result(line: str) -> None:
    """Print what was asked for, which QUIET leaves."""
    put(line, sys.stdout)


def warning(text: str) -> None:
    put(f"warning: {text}", sys.stderr)


class Steps:
    """Announces steps and remembers how long each took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        say(f"==> {name}")
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start
        if self.seconds[name] >= WORTH_TELLING:
            detail(f"took {self.seconds[name]:.0f} s")

    def summary(self) -> str:
        times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
        return f"{times}; together {sum(self.seconds.values()):.1f} s"
