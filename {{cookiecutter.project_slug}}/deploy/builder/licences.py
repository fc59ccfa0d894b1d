"""Under which licence a library is that was copied from the system (wheels/library-licences.txt)."""

import re

from builder import systems
from builder.settings import WHEELS


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a package's version, without its epoch and the distribution's own revision."""
    upstream = re.sub(r"^\d+:|-[^-]*$", "", version)
    return tuple(int(part) for part in re.findall(r"\d+", upstream))


def rows_of(library: str) -> list[tuple[str, str]]:
    """Return what the table says of a library: until which version each licence holds, the oldest first."""
    rows = (line.split(" ", 2) for line in systems.package_names(WHEELS / "library-licences.txt"))
    return [(until, licence) for name, until, licence in rows if name == library]


def of_library(file: str, version: str) -> str:
    """Return the licence of a library, such as libssl.so.3 of a package's version; "" if it is not known."""
    known = numbers(version)
    for until, licence in rows_of(file.partition(".so")[0]):
        if until == "-" or (known and known < numbers(until)):
            return licence
        if not known:
            break
    return ""
