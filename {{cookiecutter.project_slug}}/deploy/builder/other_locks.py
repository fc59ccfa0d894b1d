"""What uv, Poetry and Pipenv have locked, and what pyproject.toml wants, in the words of requirements.txt."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import wheel_tags
from builder import tools
from builder.output import SETTINGS, Failure
from builder.settings import shown, text_of


class Pin(NamedTuple):
    """An exact version of a lock: a normalized name, for which environments it is ("": all), its hashes (sha256:…)."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def constraint(self) -> str:
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content; Failure 78 if it is none, or not there."""
    try:
        import tomllib
    except ImportError:  # before Python 3.11
        tools.make_libraries_importable()
        import tomli as tomllib
    try:
        return tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise Failure(SETTINGS, f"{shown(path)} is not TOML: {error}") from error


def pin(package: dict[str, Any], markers: list[str], files: list[dict[str, Any]]) -> Pin:
    marker = " or ".join(f"({one})" for one in markers)
    hashes = tuple(file["hash"] for file in files if file.get("hash", "").startswith("sha256:"))
    return Pin(wheel_tags.canonical(package["name"]), package["version"], marker, hashes)


def uv_pins(path: Path) -> list[Pin]:
    """Return what a uv.lock (version 1) pins of package indexes; the project itself is in it too."""
    document = toml(path)
    if document.get("version") != 1:
        raise Failure(SETTINGS, f"project/{path.name}: version {document.get('version')!r} is not known, only 1")
    return [
        pin(package, package.get("resolution-markers", []), [package.get("sdist", {}), *package.get("wheels", [])])
        for package in document.get("package", [])
        if "registry" in package.get("source", {})
    ]


def poetry_pins(path: Path) -> list[Pin]:
    """Return what a poetry.lock pins of package indexes.

    Poetry 2 notes for which environments a version is: a marker, or one for each group of dependencies.
    """
    packages = [package for package in toml(path).get("package", []) if not is_elsewhere(package)]
    names = [package["name"] for package in packages]
    found = []
    for package in packages:
        markers = package.get("markers", "")
        markers = list(markers.values()) if isinstance(markers, dict) else [markers] if markers else []
        several = names.count(package["name"]) > 1
        if several and not markers:
            advice = "lock again with Poetry 2, which notes for which Python each is"
            raise Failure(SETTINGS, f"project/{path.name} has several versions of {package['name']}: {advice}")
        found.append(pin(package, markers if several else [], package.get("files", [])))
    return found


def is_elsewhere(package: dict[str, Any]) -> bool:
    """Tell whether Poetry has a package from a repository, a directory or an address instead of an index."""
    return package.get("source", {}).get("type", "legacy") != "legacy"


def pipenv_pins(path: Path) -> list[Pin]:
    """Return what a Pipfile.lock pins for the app itself; Failure 78 names what it takes from no index."""
    packages = json.loads(text_of(path))["default"]
    elsewhere = sorted(name for name, package in packages.items() if not package.get("version", "").startswith("=="))
    if elsewhere:
        raise Failure(SETTINGS, f"project/{path.name}: {', '.join(elsewhere)}: only packages of an index can be locked")
    return [
        Pin(wheel_tags.canonical(name), package["version"][2:], package.get("markers", ""), tuple(package["hashes"]))
        for name, package in packages.items()
    ]


def project_wants(path: Path, extras: tuple[str, ...]) -> list[str]:
    """Return the requirements that a pyproject.toml lists, in [project] or in Poetry's own table; Failure 78."""
    document = toml(path)
    project = document.get("project", {})
    optional = project.get("optional-dependencies", {})
    if "dependencies" in project.get("dynamic", ()):
        advice = "let REQUIREMENTS in config.env name the file that they come from"
        raise Failure(SETTINGS, f"project/{path.name}: its dependencies are dynamic; {advice}")
    unknown = [extra for extra in extras if extra not in optional]
    if unknown:
        raise Failure(SETTINGS, f"project/{path.name} has no optional-dependencies {', '.join(unknown)}")
    if "dependencies" in project or "poetry" not in document.get("tool", {}):
        return strings([project.get("dependencies", []), *(optional[extra] for extra in extras)])
    return poetry_wants(path)


def strings(lists: list[list[str]]) -> list[str]:
    """Return the elements of some lists; TypeError if it is no list, or not of strings, as PEP 621 wants it."""
    if not all(isinstance(one, list) and all(isinstance(element, str) for element in one) for one in lists):
        raise TypeError("dependencies are a list of strings")
    return [element for one in lists for element in one]


def poetry_wants(path: Path) -> list[str]:
    """Return what [tool.poetry.dependencies] lists, read by Poetry's own library."""
    tools.make_libraries_importable()
    from poetry.core.factory import Factory

    try:
        package = Factory().create_poetry(path.parent, with_groups=False).package
    except (ValueError, RuntimeError) as error:
        raise Failure(SETTINGS, f"project/{path.name}: {error}") from error
    return [dependency.to_pep_508() for dependency in package.requires if not dependency.is_optional()]
