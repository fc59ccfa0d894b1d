"""Packages of the project's own: lines such as ./mypackage in its requirements file, and their sources."""

import json
import re
from pathlib import Path

import layers
import pack
from builder import cache, other_locks, requirements
from builder.output import SETTINGS, Failure
from builder.requirements import Source
from builder.settings import APP, text_of

LINE = re.compile(r"\./([A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*)/?(?:\[[^\]]*\])?(?:\s*;.*)?")
# What pip would take from this machine in another way.
OTHER_PATHS = re.compile(r"(-e|--editable|file:|/|\.\.?(/|$))")
# What decides what a package needs, and so belongs to the lock.
METADATA = ("pyproject.toml", "setup.py", "setup.cfg")
DEPENDENCIES = ("dependencies", "optional-dependencies")
# What building leaves behind.
LEFT_OUT = ("__pycache__", ".git", "build", "dist")


def parse(text: str, name: str) -> list[str]:
    """Return the directories below project/ that a requirements file names; Failure 78 for any other path."""
    found = []
    for number, line in enumerate((re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()), 1):
        match = LINE.fullmatch(line)
        if match:
            found.append(match[1])
        elif OTHER_PATHS.match(line):
            advice = "a package of your own lies below project/; write ./DIRECTORY"
            raise Failure(SETTINGS, f"project/{name}, line {number}: {line!r}: {advice}")
    return sorted(set(found))


def named(source: Source) -> list[str]:
    """Return what the requirements file names, none where there is another source; Failure 78 if one is absent."""
    if source.kind != requirements.PLAIN:
        return []
    found = parse(text_of(source.path), source.name)
    for name in found:
        if not any((APP / name / file).is_file() for file in METADATA[:2]):
            raise Failure(SETTINGS, f"project/{source.name}: ./{name} has neither pyproject.toml nor setup.py")
    return found


def metadata(source: Source) -> list[bytes]:
    """Return what tells what the project's own packages need."""
    paths = [APP / name / file for name in named(source) for file in METADATA]
    return [needs_in(path) for path in paths if path.is_file()]


def needs_in(path: Path) -> bytes:
    """Return what matters in a metadata file: all, but of a pyproject.toml that lists its needs (PEP 621) these."""
    if path.name == METADATA[0]:
        document = other_locks.toml(path)
        project = document.get("project")
        if isinstance(project, dict) and not {*DEPENDENCIES} & {*project.get("dynamic", ())}:
            needs = [document.get("build-system"), *(project.get(key) for key in ("requires-python", *DEPENDENCIES))]
            return json.dumps(needs, sort_keys=True, default=str).encode()
    return path.read_bytes()


def stays_out(path: Path) -> bool:
    return path.name in LEFT_OUT or path.name.endswith((".pyc", ".egg-info"))


def members(name: str) -> list[pack.Member]:
    """Return the members of a package's source distribution; Failure 78 if one cannot be packed."""
    top = Path(name).name
    try:
        return [pack.directory(top), *pack.tree_members(APP / name, f"{top}/", stays_out)]
    except pack.UnsafeMember as error:
        raise Failure(SETTINGS, f"./{name} cannot be packed: {error}") from error


def sources() -> Path:
    """Return the directory with a source distribution of each, named by its content in the cache."""
    packages = {name: members(name) for name in named(requirements.source())}

    def make(entry: Path) -> None:
        for name, content in packages.items():
            with (entry / f"{name.replace('/', '-')}.tar.gz").open("wb") as stream:
                layers.write_layer(content, stream)
                layers.write_end(stream)

    digests = {name: pack.content_digest(content) for name, content in packages.items()}
    return cache.entry("wheels", f"local-{cache.key(digests)}", make)
