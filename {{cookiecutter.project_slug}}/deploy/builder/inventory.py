"""What a bundle is made of: the data of its SBOM, from what the cache knows already."""

import re
from pathlib import Path

import wheel_tags
from builder import archive, licences, modes, pairs, sources, trees
from builder.interpreter import Interpreter, pins_for
from builder.settings import Settings
from builder.targets import Target

METADATA = re.compile(r"lib/python[0-9.]+/site-packages/([^/-]+)-([^/-]+)\.dist-info/METADATA")
TOOL = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) --hash=sha256:([0-9a-f]{64})$", re.MULTILINE)
# What pip and its kin are called in a bundle's interpreter; the SBOM of each is its own wheel's.
PACKAGES = "lib/vendor/PACKAGES"


def source(name: str, version: str) -> dict:
    """Return what is compiled from source: where each tarball of the release is, and its sha256."""
    known = sources.catalogue(name)
    template = known["urls"][0]
    files = []
    for ending, digest in sorted(known["sha256"][version].items()):
        url = template.format(version=version, underscored=version.replace(".", "_"))
        files.append((re.sub(r"\.(tgz|tar\.\w+)$", f".{ending}", url), digest))
    return {"name": name, "version": version, "compiled": True, "files": files, "licence": known.get("licence", "")}


def compiled(target: Target) -> list[dict]:
    """Return CPython, and the libraries that are built for it."""
    if modes.of_target(target) == modes.ARCHIVE:
        place = archive.of_target(target)
        files = [(place.place, place.sha256)]
        licence = sources.catalogue("cpython").get("licence", "")
        return [{"name": "cpython", "version": target.python, "compiled": False, "files": files, "licence": licence}]
    libraries = pairs.of_target(target).libraries
    return [source("cpython", target.python), *(source(name, version) for name, version in libraries)]


def vendored(target: Target, tree: trees.Tree) -> list[dict]:
    """Return the libraries that were copied from the system, each with its package as PACKAGES names it."""
    sums = {path.rpartition("/")[2]: digest for path, digest in tree.digests.items() if path.startswith("lib/vendor/")}
    listing = next((member.source for member in tree.members if member.path == PACKAGES), None)
    rows = [line.split() for line in listing.read_text(encoding="utf-8").splitlines()] if listing else []
    known = {row[0]: row[1:] for row in rows if len(row) == 4}
    found = []
    for file in sorted(set(sums) - {"PACKAGES"}):
        kind, package, version = known.get(file, ("", "", ""))
        one = {"type": kind, "vendor": target.os, "package": package, "version": version}
        found.append({"file": file, "sha256": sums[file], "licence": licences.of_library(file, version), **one})
    return found


def tool_pins(target: Target) -> dict[tuple[str, str], str]:
    """Return the sha256 of what install-tools.sh installs, by name and version; an archive has its own pip."""
    if modes.of_target(target) == modes.ARCHIVE:
        return {}
    found = TOOL.findall(pins_for(target.python_series).read_text(encoding="utf-8"))
    return {(wheel_tags.canonical(name), version): digest for name, version, digest in found}


def installed(target: Target, tree: trees.Tree) -> list[dict]:
    """Return the packages within the interpreter, such as pip, each with the sha256 of its pin."""
    pins, found = tool_pins(target), []
    for member in tree.members:
        match = METADATA.fullmatch(member.path)
        if match:
            name, version = wheel_tags.canonical(match[1]), match[2]
            one = {"name": name, "version": version, "sha256": pins.get((name, version), "")}
            found.append({**one, "metadata": member.sha256, "path": str(member.source)})
    return found


def wheels_of(directory: Path) -> list[dict]:
    """Return the wheels of a directory of the cache."""
    found = []
    for path, digest in sorted(trees.of(directory).digests.items()):
        if path.endswith(".whl"):
            tags = wheel_tags.parse_wheel_name(path)
            one = {"name": wheel_tags.canonical(tags.name), "version": tags.version, "sha256": digest, "file": path}
            found.append({**one, "path": str(directory / path)})
    return found


def collect(
    settings: Settings, version: str, target: Target, interpreter: Interpreter, wheels: list[Path]
) -> dict[str, object]:
    """Return the inventory of a bundle; identity is that part of it in which no path of this machine occurs."""
    mode = modes.of_target(target)
    tree = trees.of(interpreter.shipped)
    tools = installed(target, tree)
    found = [wheel for directory in wheels for wheel in wheels_of(directory)]
    identity: dict[str, object] = {
        "application": {"name": settings.app_name, "version": version},
        "target": target.name,
        "sources": compiled(target) if mode != modes.NONE else [],
        "vendored": vendored(target, tree) if mode in (modes.PREBUILT, modes.ARCHIVE) else [],
        "installed": without_paths(tools),
        "wheels": without_paths(found),
    }
    return {**identity, "identity": identity, "installed": tools, "wheels": found}


def without_paths(found: list[dict]) -> list[dict]:
    return [{key: one[key] for key in one if key != "path"} for one in found]
