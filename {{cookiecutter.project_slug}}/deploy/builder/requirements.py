"""Which file of the project says what the app needs: REQUIREMENTS of config.env, or the one that is there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import wheel_tags
from builder import other_locks, settings
from builder.other_locks import Pin
from builder.output import SETTINGS, Failure
from builder.settings import APP

PLAIN, PYPROJECT, UV, POETRY, PIPENV = "requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", "Pipfile.lock"
LOCKS_OF_PYPROJECT = (UV, POETRY)
# A pyproject.toml may be there for other tools alone.
# Of setuptools' dynamic ones, dependencies = {file = …}, that file is the source.
LISTS_DEPENDENCIES = re.compile(r"^(dependencies\s*=\s*\[|\[tool\.poetry\.dependencies\])", re.MULTILINE)
INCLUDE = re.compile(r"^(?:-r|-c|--requirement|--constraint)[ =]*(\S+)", re.MULTILINE)
# The same line of a requirements file may go on after a backslash.
HASHED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;]+)(.*--hash=.*)$", re.MULTILINE)


class Source(NamedTuple):
    """The file below project/, by its name there, and which optional dependencies of a pyproject.toml are wanted."""

    name: str
    extras: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return APP / self.name

    @property
    def kind(self) -> str:
        """Return the tool's own file name; whatever else is named is in the format of requirements.txt."""
        return self.path.name if self.path.name in (PYPROJECT, UV, POETRY, PIPENV) else PLAIN


def source() -> Source:
    """Return the project's source; Failure 78 if it is not there, or if there are several."""
    wanted = settings.read().requirements
    if wanted:
        name, _, extras = wanted.partition("[")
        return existing(Source(name, tuple(extras.rstrip("]").split(",")) if extras else ()))
    found = [name for name in (PLAIN, UV, POETRY, PIPENV) if (APP / name).is_file()]
    if not set(found) & set(LOCKS_OF_PYPROJECT) and lists_dependencies(APP / PYPROJECT):
        found.append(PYPROJECT)
    if len(found) > 1:
        advice = f"say in config.env which one counts, as in REQUIREMENTS='{found[-1]}', or remove the others"
        raise Failure(SETTINGS, f"project/ has {' and '.join(found)}: {advice}")
    if not found:
        raise Failure(SETTINGS, f"nothing in project/ says what the app needs: {nothing_found()}")
    return Source(found[0])


def existing(chosen: Source) -> Source:
    if not chosen.path.is_file():
        raise refusal(f"there is no project/{chosen.name}")
    if chosen.extras and chosen.kind not in (PYPROJECT, *LOCKS_OF_PYPROJECT):
        raise refusal(f"{chosen.name} knows no [{','.join(chosen.extras)}]")
    return chosen


def refusal(problem: str) -> Failure:
    return Failure(SETTINGS, f"{settings.place_of('REQUIREMENTS')}: REQUIREMENTS: {problem}")


def nothing_found() -> str:
    if (APP / "Pipfile").is_file():
        return "make Pipfile.lock with `pipenv lock`"
    if (APP / PYPROJECT).is_file():
        return f"{PYPROJECT} there lists no dependencies (dynamic ones do not count); list them in it, or in {PLAIN}"
    return f"write {PLAIN}, or bring {PYPROJECT} with its dependencies, {UV}, {POETRY} or {PIPENV}"


def lists_dependencies(path: Path) -> bool:
    return path.is_file() and bool(LISTS_DEPENDENCIES.search(settings.text_of(path)))


def files(chosen: Source) -> list[Path]:
    """Return a requirements file and those that it includes; Failure 78 if one is missing."""
    found = [chosen.path]
    for path in found:
        found += [other for other in included(path) if other not in found]
    return found


def included(path: Path) -> list[Path]:
    """Return the files that a requirements file names with -r or -c."""
    paths = [(path.parent / name).resolve() for name in INCLUDE.findall(settings.text_of(path)) if "://" not in name]
    return list(dict.fromkeys(paths))


@contextmanager
def well_formed(chosen: Source) -> Iterator[None]:
    """Within, what is not as the tool writes it is a Failure 78."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"project/{chosen.name} is not of the form of a {chosen.kind}: {error}"
        raise Failure(SETTINGS, f"{what}; mend it, or make it anew") from error


def wanted(chosen: Source) -> list[str]:
    """Return what the app wants as lines of a requirements file; of a requirements file itself, its own name."""
    if chosen.kind == PLAIN:
        return [f"-r {chosen.name}"]
    if chosen.kind == PIPENV:
        return [one.constraint for one in pins(chosen)]
    with well_formed(chosen):
        return other_locks.project_wants(chosen.path.with_name(PYPROJECT), chosen.extras)


def pins(chosen: Source) -> list[Pin]:
    """Return the exact versions that the source has locked already, none if it is no lock."""
    readers = {UV: other_locks.uv_pins, POETRY: other_locks.poetry_pins, PIPENV: other_locks.pipenv_pins}
    if chosen.kind in readers:
        with well_formed(chosen):
            return readers[chosen.kind](chosen.path)
    return [one for path in files(chosen) for one in plain_pins(settings.text_of(path))] if chosen.kind == PLAIN else []


def plain_pins(text: str) -> list[Pin]:
    """Return the lines of a requirements file that have hashes, as pip-tools and `uv export` write them."""
    lines = HASHED.findall(text.replace("\\\n", " "))
    return [Pin(wheel_tags.canonical(name), version, "", hashes_in(rest)) for name, version, rest in lines]


def hashes_in(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"--hash=(sha256:[0-9a-f]{64})", text))
