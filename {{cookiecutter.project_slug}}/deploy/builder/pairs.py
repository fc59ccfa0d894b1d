"""Which Python can be built for which operating system, and with what (wheels/pairs.json)."""

import json
from typing import NamedTuple, Optional

from builder import modes, sources, systems
from builder.output import SETTINGS, Failure
from builder.settings import WHEELS
from builder.targets import Target

# pip 8, which checks hashes and so can fetch the pinned pip, is bundled from 2.7.12 on.
OLDEST = {"2.7": (2, 7, 12)}


class Pair(NamedTuple):
    """What a Python needs on a system.

    refused says why it cannot be had there, "" if it can; libraries are those to build from source, with their
    versions; cflags are more options for the compiler; packages names a list of packages in place of the
    system's; path is the directory of a newer compiler; absent are modules that cannot be had, with the reason.
    """

    refused: str = ""
    libraries: tuple[tuple[str, str], ...] = ()
    cflags: str = ""
    packages: str = ""
    path: str = ""
    absent: tuple[tuple[str, str], ...] = ()


def table(family: str) -> dict[str, Pair]:
    """Return the pairs of a family of systems, by the Python's X.Y."""
    families = json.loads((WHEELS / "pairs.json").read_text(encoding="utf-8"))
    return {series: make(row) for names, row in families[family].items() for series in names.split()}


def make(row: dict) -> Pair:
    return Pair(**{name: tuple(value.items()) if isinstance(value, dict) else value for name, value in row.items()})


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def refusal(python: str, family: str) -> str:
    """Return why a Python cannot be built on a family of systems, "" if it can."""
    series = python.rpartition(".")[0]
    pair = table(family).get(series)
    if pair is None:
        return f"Python {series} is not supported; these are: {', '.join(table(family))}"
    oldest = OLDEST.get(series)
    if oldest and numbers(python) < oldest:
        return f"the pip that comes with Python before {'.'.join(map(str, oldest))} cannot check hashes"
    return pair.refused


def of_target(target: Target) -> Pair:
    """Return what the target's Python needs on its system; Failure 78 if it cannot be had there."""
    problem = refusal(target.python, systems.row_of(target)["pairs"])
    if problem:
        raise Failure(SETTINGS, f"{target.name}: {problem}; {advice(target)}")
    sources.checksums("cpython", target.python)
    return table(systems.row_of(target)["pairs"])[target.python_series]


def system_of(target: Target) -> systems.System:
    """Return what the target is built with; Failure 78 if that is unknown, or its Python cannot be compiled there."""
    return systems.of_target(target, of_target(target).packages if modes.is_compiled(target) else "")


def check(targets: list[Target]) -> None:
    """Raise Failure 78 that names every target that cannot be built, why, and what can be."""
    problems = []
    for target in targets:
        try:
            of_target(target)
        except Failure as failure:
            problems.append(str(failure))
    if problems:
        raise Failure(SETTINGS, problems[0] if len(problems) == 1 else "".join(f"\n    {one}" for one in problems))


def advice(target: Target) -> str:
    """Return the nearest Python that the target's system can have, and the nearest system for its Python."""
    python, system = nearest_python(target), nearest_system(target)
    found = [f"{target.os} {target.version} can have Python {python}"] if python else []
    found += [f"Python {target.python} can be had on {system}"] if system else []
    return "the nearest that works: " + "; ".join(found)


def nearest_python(target: Target) -> Optional[str]:
    """Return the release nearest to the target's that its system can have: of another X.Y, the newest known."""
    wanted = numbers(target.python)
    family = systems.row_of(target)["pairs"]
    possible = [known for known in sources.catalogue("cpython")["sha256"] if not refusal(known, family)]

    def distance(version: str) -> tuple[int, ...]:
        major, minor, patch = (abs(one - other) for one, other in zip(numbers(version), wanted))
        return (major, minor, -numbers(version)[2] if major or minor else patch)

    return min(possible, key=distance, default=None)


def nearest_system(target: Target) -> Optional[str]:
    """Return the system nearest to the target's that can have its Python: the next version of it, else another one."""
    known = systems.known()
    own = [(target.os, version) for version in sorted(known[target.os], key=numbers)]
    newer_first = sorted(own, key=lambda row: numbers(row[1]) < numbers(target.version))
    others = [(name, version) for name in known for version in known[name] if name != target.os]
    for name, version in [*newer_first, *others]:
        if not refusal(target.python, known[name][version]["pairs"]):
            return f"{name} {version}"
    return None
