"""One run of a command: how long it took, and how much memory its largest process."""

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple


class Failed(Exception):
    """A command that is measured failed; the message is its command line and the end of its output."""


class Run(NamedTuple):
    """seconds of wall clock; memory in bytes, the greatest resident set of one of its processes (getrusage(2))."""

    seconds: float
    memory: int


def timed(command: list[str], directory: Path, environment: dict[str, str]) -> Run:
    """Run a command to its end. Raises Failed."""
    begin = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - begin
    child.stdout.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise Failed(f"exit {child.returncode} from: {' '.join(command)}\n{output.decode(errors='replace')[-3000:]}")
    return Run(seconds, usage.ru_maxrss * 1024)
