"""What to build for: the rows of deploy/targets.json."""

import json
import platform
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from builder.output import SETTINGS, USAGE, Failure
from builder.settings import text_of

# A JSON string, or a comma that only white space parts from the end of a list or an object.
STRING_OR_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[\]}])')
PATTERNS = {
    "os": ("a name such as debian", r"[a-z][a-z0-9]*"),
    "version": ("a version such as 12", r"[0-9]+(\.[0-9]+)*"),
    "bit": ("64: CPython and its wheels are built for 64 bit only", r"64"),
    "image": ("a Docker image such as debian:12", r"[a-z0-9][A-Za-z0-9._/:@-]*"),
    "arch": ("x86_64 or aarch64", r"x86_64|aarch64"),
    "engine": ("docker or host", r"docker|host"),
    "interpreter": ("prebuilt, archive, source or none", r"prebuilt|archive|source|none"),
    "archive": ("a URL or a path, then #sha256= and 64 hex digits", r"\S[^#]*#sha256=[0-9a-f]{64}"),
}
REQUIRED = ("os", "version", "bit", "python")
PYTHON = re.compile(r"[23]\.[0-9]+\.[0-9]+")
# What people call CentOS 7.4, whose /etc/centos-release says 7.4.1708.
OTHER_VERSIONS = {("centos", "7.40"): "7.4"}
# uname -m of the machines whose names differ between systems (macOS says arm64).
ARCHES = {"arm64": "aarch64", "amd64": "x86_64"}


class Target(NamedTuple):
    """One (operating system, version, arch, Python) to build for; the rest is "" where the row does not say it."""

    os: str
    version: str
    arch: str
    python: str
    image: str = ""
    engine: str = ""
    interpreter: str = ""
    archive: str = ""

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


def pythons_problem(value: object) -> str:
    good = isinstance(value, list) and value and all(isinstance(item, str) for item in value)
    if good and all(PYTHON.fullmatch(item) for item in value):
        return ""
    return f'must be a list such as ["3.11.2"], not {json.dumps(value)}'


def value_problem(key: str, value: object) -> str:
    """Return what is wrong with the value of a key, "" if nothing is."""
    if key == "python":
        return pythons_problem(value)
    if key not in PATTERNS:
        return f"is unknown; known are {', '.join([*PATTERNS, 'python'])}"
    if isinstance(value, str) and re.fullmatch(PATTERNS[key][1], value):
        return ""
    return f"must be {PATTERNS[key][0]}, in quotes, not {json.dumps(value)}"


def row_problems(row: object) -> dict[str, str]:
    """Return what is wrong with a row, by the key; "" stands for the whole row."""
    if not isinstance(row, dict):
        return {"": 'must be an object like {"os": …}'}
    found = {key: "is missing" for key in REQUIRED if key not in row}
    found.update((key, value_problem(key, value)) for key, value in row.items())
    if ("archive" in row) != (row.get("interpreter") == "archive"):
        found["archive"] = 'goes together with "interpreter": "archive"'
    return {key: problem for key, problem in found.items() if problem}


def row_targets(row: dict, arch: str) -> list[Target]:
    version = OTHER_VERSIONS.get((row["os"], row["version"]), row["version"])
    rest = [row.get(key, "") for key in ("image", "engine", "interpreter", "archive")]
    return [Target(row["os"], version, row.get("arch", arch), python, *rest) for python in row["python"]]


def duplicates(rows: dict[int, list[Target]]) -> list[tuple[int, str, str]]:
    """Return row, key and problem for every target that is there twice."""
    seen: dict[str, int] = {}
    problems = []
    for number, targets in rows.items():
        for target in targets:
            if target.name in seen:
                problems.append((number, "python", f"{target.name} is in row {seen[target.name]} already"))
            seen.setdefault(target.name, number)
    return problems


def spans(text: str) -> list[tuple[int, int]]:
    """Return where each element of a JSON list begins and ends in its text."""
    found, position = [], text.index("[") + 1
    while True:
        position = re.compile(r"[\s,]*").match(text, position).end()
        if text[position] == "]":
            return found
        begin = position
        _element, position = json.JSONDecoder().raw_decode(text, begin)
        found.append((begin, position))


def place(text: str, number: int, key: str) -> str:
    """Return the line, row and key of a problem; a key that is missing has the line that its row begins in."""
    begin, end = spans(text)[number - 1]
    match = re.compile(rf"{re.escape(json.dumps(key))}\s*:").search(text, begin, end)
    line = text.count("\n", 0, match.start() if match else begin) + 1
    return f"line {line}, row {number}" + (f", key {json.dumps(key)}" if key else "")


def parse(text: str, arch: str) -> list[Target]:
    """Return the targets of targets.json's text, on machines of this arch; Failure 78 names all that is wrong."""
    plain = without_trailing_commas(text)
    try:
        rows = json.loads(plain)
    except ValueError as error:
        raise Failure(SETTINGS, f"deploy/targets.json is not JSON: {error}") from error
    if not isinstance(rows, list) or not rows:
        raise Failure(SETTINGS, "deploy/targets.json must be a list with at least one row")
    wrong = [(number, *problem) for number, row in enumerate(rows, 1) for problem in row_problems(row).items()]
    broken = {number for number, _key, _problem in wrong}
    right = {number: row_targets(row, arch) for number, row in enumerate(rows, 1) if number not in broken}
    problems = [f"{place(plain, number, key)}: {problem}" for number, key, problem in [*wrong, *duplicates(right)]]
    if problems:
        raise Failure(SETTINGS, "deploy/targets.json, " + "\n    ".join(problems))
    return [target for targets in right.values() for target in targets]


def read(path: Path) -> list[Target]:
    """Return the targets of the file; Failure 78 if it is broken or absent."""
    return parse(text_of(path), machine_arch())


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
