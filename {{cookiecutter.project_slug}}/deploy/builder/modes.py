"""How a box comes by a target's interpreter: the bundle brings it, brings its source, or leaves it to the box."""

import os
import sys

from builder.output import SETTINGS, Failure
from builder.targets import Target

PREBUILT, ARCHIVE, SOURCE, NONE = NAMES = ("prebuilt", "archive", "source", "none")
QUESTION = """\
Bundle Python in the tarball?
    y  yes, ready to run: the box needs nothing (the default)
    s  its source: setup.sh compiles it on the box, which needs a compiler
    n  no: the box has this Python already
[Y/s/n] """
# What the box must have then.
REQUESTS = {
    SOURCE: "brings Python's source: setup.sh compiles it on the box, which needs a compiler and headers",
    NONE: "brings no Python: the box must have its own {python}, or that of an earlier release",
}
ANSWERS = {"": PREBUILT, "y": PREBUILT, "yes": PREBUILT, "s": SOURCE, "source": SOURCE, "n": NONE, "no": NONE}


def of_target(target: Target) -> str:
    """Return one of NAMES: what INTERPRETER says, else the target's row; Failure 78 if it is another."""
    wanted = os.environ.get("INTERPRETER") or target.interpreter or (ARCHIVE if os.environ.get("ARCHIVE") else PREBUILT)
    if wanted not in NAMES:
        raise Failure(SETTINGS, f"{target.name}: there is no interpreter {wanted!r}; there are {', '.join(NAMES)}")
    return wanted


def is_compiled(target: Target) -> bool:
    """Tell whether this build compiles the target's interpreter: to ship it, or only to make wheels with."""
    return of_target(target) != ARCHIVE


def ask_if_open(targets: list[Target]) -> None:
    """Ask whoever sits at a terminal, if neither the environment nor a row chooses, and let INTERPRETER say it."""
    chosen = [os.environ.get("INTERPRETER"), os.environ.get("ARCHIVE"), *(target.interpreter for target in targets)]
    if any(chosen) or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    answer = None
    while answer not in ANSWERS:
        try:
            answer = input(QUESTION).strip().lower()
        except EOFError:
            answer = ""
            print()
    os.environ["INTERPRETER"] = ANSWERS[answer]
