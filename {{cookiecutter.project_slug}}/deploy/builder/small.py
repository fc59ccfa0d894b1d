"""The smallest form of a bundle, NAME-vVERSION.tar.xz: for links where every megabyte counts, at the price of time.

It is compressed with xz, and leaves out the interpreter's byte code, which setup.sh makes on the box and compares with
SHA256SUMS. Pythons before 3.11 (but for 2.7) do not give the same byte code twice [bpo-37596]: theirs is not left out.
"""

import importlib.util
import os
from pathlib import Path

import pack
import versions
from builder.output import UNAVAILABLE, USAGE, Failure

NAMES = ("gz", "xz")


def is_wanted() -> bool:
    """Tell whether COMPRESS asks for it; Failure 64 if it says neither gz nor xz, 69 if this Python has no xz."""
    compression = os.environ.get("COMPRESS") or "gz"
    if compression not in NAMES:
        raise Failure(USAGE, f"COMPRESS is gz or xz, not {compression!r}")
    if compression == "xz" and importlib.util.find_spec("_lzma") is None:
        raise Failure(UNAVAILABLE, "COMPRESS=xz needs a Python with the module lzma, and python3 is without")
    return compression == "xz"


def path_of(path: Path) -> Path:
    """Return where the small form of a bundle, path, lies."""
    return path.with_suffix(".xz")


def gives_the_same_twice(python: str) -> bool:
    return versions.numbers(python) >= (3, 11) or python.startswith("2.")


def without_bytecode(interpreter: list[pack.Member], python: str) -> list[pack.Member]:
    """Return an interpreter's members without the byte code that a box can make."""
    if not gives_the_same_twice(python):
        return interpreter
    return [member for member in interpreter if not member.path.endswith(".pyc")]
