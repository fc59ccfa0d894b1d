"""What is seen of a command that takes long: on a terminal one line, redrawn, with the time and the log's last line."""

import os
import re
import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Optional

from builder import output

REDRAW_SECONDS = 0.5
ERASE = "\r\x1b[K"  # ECMA-48: back to the first column, and erase to the end of the line
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")


def is_wanted() -> bool:
    """Tell whether a line can be redrawn: never in a file, in CI or beside all the command says (VERBOSE)."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not (output.quiet() or output.verbose())


class StatusLine:
    """Within, the line is there; what is printed with builder.output goes above it."""

    def __init__(self, what: str) -> None:
        self.what, self.last, self.start = what, "", time.monotonic()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.redraw, daemon=True) if is_wanted() else None

    def __enter__(self) -> "StatusLine":
        if self.thread:
            output.before_a_line = self.erase
            self.thread.start()
        return self

    def __exit__(self, kind: Optional[type], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        if self.thread:
            self.ended.set()
            self.thread.join()
            output.before_a_line = output.nothing
            self.erase()

    def note(self, line: str) -> None:
        """Take a line of the command's output; with VERBOSE it is shown as it is."""
        text = PASSWORD.sub("…@", ESCAPES.sub("", line)).strip()
        self.last = "".join(character if character.isprintable() else " " for character in text)
        if output.verbose():
            output.detail(self.last)

    def redraw(self) -> None:
        while not self.ended.wait(REDRAW_SECONDS):
            minutes, seconds = divmod(int(time.monotonic() - self.start), 60)
            columns = shutil.get_terminal_size().columns
            text = f"    {self.what} {minutes}:{seconds:02d}  {self.last}"[: columns - 1]
            dim, plain = (DIM, PLAIN) if not os.environ.get("NO_COLOR") else ("", "")
            with output.LOCK:
                sys.stdout.write(f"{ERASE}{dim}{text}{plain}")
                sys.stdout.flush()

    def erase(self) -> None:
        sys.stdout.write(ERASE)
        sys.stdout.flush()
