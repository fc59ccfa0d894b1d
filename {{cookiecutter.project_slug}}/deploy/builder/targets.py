"""What to build for: the rows of deploy/targets.json."""

import json
import platform
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from builder.output import SETTINGS, USAGE, Failure

# A JSON string, or a comma that only white space parts from the end of a list or an object.
STRING_OR_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[\]}])')
PATTERNS = {
    "os": ("a name such as debian", r"[a-z][a-z0-9]*"),
    "version": ("a version such as 12", r"[0-9]+(\.[0-9]+)*"),
    "bit": ("64", r"64"),
    "image": ("a Docker image such as debian:12", r"[a-z0-9][A-Za-z0-9._/:@-]*"),
}
REQUIRED = ("os", "version", "bit", "python")
PYTHON = re.compile(r"[23]\.[0-9]+\.[0-9]+")
# uname -m of the machines whose names differ between systems (macOS says arm64).
ARCHES = {"arm64": "aarch64", "amd64": "x86_64"}


class Target(NamedTuple):
    """One (operating system, version, arch, Python) to build for; image is "" where the row names none."""

    os: str
    version: str
    arch: str
    python: str
    image: str

    @property
    def name(self) -> str:
        return f"{self.os}-{self.version}-{self.arch}-py{self.python}"

    @property
    def python_series(self) -> str:
        """The Python's X.Y."""
        return self.python.rpartition(".")[0]


def machine_arch() -> str:
    """Return this machine's arch as Linux's uname -m names it."""
    machine = platform.machine().lower()
    return ARCHES.get(machine, machine)


def without_trailing_commas(text: str) -> str:
    return STRING_OR_TRAILING_COMMA.sub(lambda match: match[1] or "", text)


def wrong(row: int, key: str, what: str) -> Failure:
    return Failure(SETTINGS, f"deploy/targets.json, row {row}, key {json.dumps(key)}: {what}")


def check_row(number: int, row: object) -> None:
    """Raise Failure 78 that names the row and the key."""
    if not isinstance(row, dict):
        raise Failure(SETTINGS, f'deploy/targets.json, row {number}: must be an object like {{"os": …}}')
    for key in REQUIRED:
        if key not in row:
            raise wrong(number, key, "is missing")
    for key, value in row.items():
        if key == "python":
            check_pythons(number, value)
        elif key not in PATTERNS:
            raise wrong(number, key, f"is unknown; known are {', '.join([*PATTERNS, 'python'])}")
        elif not isinstance(value, str) or not re.fullmatch(PATTERNS[key][1], value):
            raise wrong(number, key, f"must be {PATTERNS[key][0]}, in quotes, not {json.dumps(value)}")


def check_pythons(number: int, value: object) -> None:
    good = isinstance(value, list) and value and all(isinstance(item, str) for item in value)
    if not good or not all(PYTHON.fullmatch(item) for item in value):
        raise wrong(number, "python", f'must be a list such as ["3.11.2"], not {json.dumps(value)}')


def parse(text: str, arch: str) -> list[Target]:
    """Return the targets of targets.json's text for machines of this arch; Failure 78 if it is broken."""
    try:
        rows = json.loads(without_trailing_commas(text))
    except ValueError as error:
        raise Failure(SETTINGS, f"deploy/targets.json is not JSON: {error}") from error
    if not isinstance(rows, list) or not rows:
        raise Failure(SETTINGS, "deploy/targets.json must be a list with at least one row")
    for number, row in enumerate(rows, 1):
        check_row(number, row)
    return [
        Target(row["os"], row["version"], arch, python, row.get("image", ""))
        for row in rows
        for python in row["python"]
    ]


def read(path: Path) -> list[Target]:
    """Return the targets of the file; Failure 78 if it is broken or absent."""
    try:
        return parse(path.read_text(encoding="utf-8"), machine_arch())
    except OSError as error:
        raise Failure(SETTINGS, f"deploy/targets.json cannot be read: {error.strerror}") from error


def matching(targets: list[Target], wanted: str) -> list[Target]:
    """Return the targets that wanted names: whole, by their beginning or by a pattern; all if empty."""
    chosen = [
        target
        for target in targets
        if not wanted or target.name.startswith(f"{wanted}-") or fnmatchcase(target.name, wanted)
    ]
    if not chosen:
        known = "".join(f"\n    {target.name}" for target in targets)
        raise Failure(USAGE, f"deploy/targets.json has no target {wanted!r}; it has:{known}")
    return chosen
