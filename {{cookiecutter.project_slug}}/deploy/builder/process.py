"""Runs long commands: their noise goes to a log file, their progress to the screen."""

import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from builder import cache
from builder.output import Failure, detail
from builder.progress import PASSWORD, StatusLine

PROGRESS = "@@ "
TAIL = 10
TERMINATION_SECONDS = 10
# Logs are named after the script and a key of the cache.
HASH_OF_NAME = re.compile(r"-[0-9a-f]{16}$")


def log_file(name: str) -> Path:
    """Return an empty log file in the cache."""
    path = cache.directory("logs") / f"{name}.log"
    path.write_text("", encoding="utf-8")
    return path


def end(process: subprocess.Popen) -> None:
    """End a process and all that it started."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(TERMINATION_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def interruptions_held() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block ends: within Popen they would lose the process just started."""
    held: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    handlers = {number: signal.signal(number, lambda number, frame: held.append(number)) for number in signals}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in held:
        signal.raise_signal(number)


@contextmanager
def started(command: list[str], environment: Optional[dict[str, str]]) -> Iterator[subprocess.Popen]:
    """Start a process whose output can be read, and end it if this program is interrupted while it runs."""
    process = None
    try:
        with interruptions_held():
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        yield process
        process.wait()
    except BaseException:
        if process is not None:
            end(process)
        raise
    finally:
        if process is not None and process.stdout is not None:
            process.stdout.close()


def run_logged(command: list[str], environment: Optional[dict[str, str]], log: Path) -> int:
    """Run command, its output appended to log and its progress shown; return its exit status."""
    with (
        started(command, environment) as process,
        log.open("a", encoding="utf-8") as stream,
        StatusLine(HASH_OF_NAME.sub("", log.stem)) as status,
    ):
        for line in process.stdout or ():
            stream.write(line)
            if line.startswith(PROGRESS):
                detail(line[len(PROGRESS) :].rstrip("\n"))
            else:
                status.note(line)
    return process.returncode


def failure(code: int, what: str, system: str, log: Path) -> Failure:
    """Return a Failure that says what failed where, with the log's path and end, without passwords."""
    with log.open(encoding="utf-8") as lines:
        tail = "".join(f"\n    {line.rstrip()}" for line in deque(lines, TAIL))
    return Failure(code, f"{what}, on {system}; the whole log is {log}; its end:{PASSWORD.sub('…@', tail)}")
