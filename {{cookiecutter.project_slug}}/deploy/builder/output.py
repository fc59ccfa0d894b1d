"""What people see: steps, details and warnings in one grammar, and failures with an exit code."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

# sysexits.h
USAGE, DAMAGED, UNAVAILABLE, INTERNAL, WRITE_FAILED, SETTINGS = 64, 65, 69, 70, 73, 78

WORTH_TELLING = 5  # seconds: a step that took longer says so at once, and all are in the summary


class Failure(Exception):
    """An end that the user can do something about: an exit code, and a message that says what."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def say(line: str) -> None:
    print(line, flush=True)


def detail(text: str) -> None:
    say(f"    {text}")


def warning(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr, flush=True)


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
