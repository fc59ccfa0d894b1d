"""project/build-packages.txt: packages of the operating system that compiling the app's wheels needs."""

import re
from pathlib import Path

from builder import cache
from builder.engine import Engine
from builder.output import SETTINGS, Failure
from builder.settings import APP, text_of
from builder.targets import Target

FILE = APP / "build-packages.txt"
# Debian Policy 5.6.1, and what Fedora's packages have besides.
LINE = re.compile(r"(?:(?P<os>[a-z][a-z0-9]*):\s*)?(?P<name>[A-Za-z0-9][A-Za-z0-9+._-]*)", re.ASCII)


def parse(text: str, system: str) -> list[str]:
    """Return the packages that a text names for an operating system, such as debian: "name" or "debian: name" lines.

    Failure 78 names every line that is neither, a comment nor empty.
    """
    names, wrong = set(), []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        match = LINE.fullmatch(line)
        if line and not match:
            wrong.append(f"\n    line {number}: {line!r}")
        elif match and match["os"] in (None, system):
            names.add(match["name"])
    if wrong:
        wanted = "write one package a line, as in libpq-dev or debian: libpq-dev"
        raise Failure(SETTINGS, f"project/{FILE.name}: {wanted}{''.join(wrong)}")
    return sorted(names)


def workshop(engine: Engine, target: Target) -> Engine:
    """Return the engine in which the app's wheels are made: the interpreter's, and the packages that the app names."""
    names = parse(text_of(FILE), target.os) if FILE.is_file() else []
    if not names:
        return engine

    def make(entry: Path) -> None:
        (entry / "project.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")

    return engine.with_packages(cache.entry("packages", cache.key(names), make) / "project.txt")
