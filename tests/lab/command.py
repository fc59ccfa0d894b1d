"""Run one of the machine's commands; when it fails, say what it said."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class CommandFailed(Exception):
    """A command exited non-zero; the message is the command, its exit code and the end of what it printed."""


def run(
    *command: str | Path,
    check: bool = True,
    input: str | None = None,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run `command` with `input` (nothing where None) on standard input; its output comes back as text.

    `timeout` is in seconds. Raises CommandFailed when it exits non-zero and `check` is set, and
    subprocess.TimeoutExpired (the command is killed) when it takes longer.
    """
    result = subprocess.run(
        command,
        input=input or "",
        env=env,
        cwd=cwd,
        timeout=timeout,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if check and result.returncode != 0:
        raise CommandFailed(explain(command, result))
    return result


def explain(command: Sequence[str | Path], result: subprocess.CompletedProcess[str]) -> str:
    """The failure of `command` in words."""
    line = " ".join(str(part) for part in command)
    return f"exit {result.returncode} from: {line}\n{result.stdout[-3000:]}{result.stderr[-3000:]}"


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask `condition` twenty times a second until it is true or `seconds` are over; its last answer."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
