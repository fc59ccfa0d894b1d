"""How a target's interpreter is come by: compiled by this build, or ready-made."""

import os

from builder.output import SETTINGS, Failure
from builder.targets import Target

PREBUILT, ARCHIVE = NAMES = ("prebuilt", "archive")


def of_target(target: Target) -> str:
    """Return one of NAMES: what INTERPRETER says, else the target's row; Failure 78 if it is another."""
    wanted = os.environ.get("INTERPRETER") or target.interpreter or (ARCHIVE if os.environ.get("ARCHIVE") else PREBUILT)
    if wanted not in NAMES:
        raise Failure(SETTINGS, f"{target.name}: there is no interpreter {wanted!r}; there are {' and '.join(NAMES)}")
    return wanted
