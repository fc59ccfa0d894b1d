"""CPython's source tarball: fetched from where wheels/sources.json says, checked, and kept in the cache."""

import json
import os
import ssl
import tempfile
import urllib.request
from pathlib import Path

import pack
from builder import cache, debian_source, network
from builder.output import SETTINGS, UNAVAILABLE, Failure, detail
from builder.settings import WHEELS

TIMEOUT = 15  # seconds to connect, and between two packets
CHUNK = 1 << 18


def catalogue() -> dict:
    """Return what wheels/sources.json says of CPython: urls, debian and sha256."""
    return json.loads((WHEELS / "sources.json").read_text(encoding="utf-8"))["cpython"]


def checksums(version: str) -> list[str]:
    """Return the sha256 of every tarball of a release; Failure 78 if it is unknown."""
    known = catalogue()["sha256"]
    if version not in known:
        series = version.rpartition(".")[0] + "."
        near = ", ".join(name for name in known if name.startswith(series)) or "none of this series"
        raise Failure(SETTINGS, f"Python {version} is not in wheels/sources.json; near it are: {near}")
    return sorted(known[version].values())


def download(url: str, path: Path) -> None:
    """Write what url answers to path; OSError if it does not."""
    authorities = network.ca_bundle()
    context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
    with urllib.request.urlopen(url, timeout=TIMEOUT, context=context) as answer, path.open("wb") as stream:
        for chunk in iter(lambda: answer.read(CHUNK), b""):
            stream.write(chunk)


def attempts(version: str) -> list:
    """Return (name, function that writes the tarball to a path or raises OSError), best source first."""
    known = catalogue()
    found = []
    for template in known["urls"]:
        url = template.format(version=version)
        found.append((url, lambda path, url=url: download(url, path)))
    if version in known["debian"]:
        place = known["debian"][version]
        name = f"package {place['package']} of Debian {place['suite']}, through apt"
        found.append((name, lambda path: debian_source.fetch(place["suite"], place["package"], path)))
    return found


def try_source(name: str, write, path: Path, wanted: list[str]) -> str:
    """Return "" if the source gave the right file, else why not; a wrong file is deleted."""
    detail(f"fetching {name}")
    try:
        write(path)
    except OSError as error:
        return f"{name}: {error}"
    if pack.file_sha256(path) in wanted:
        return ""
    path.unlink()
    return f"{name}: sha256 is not the release's"


def cpython(version: str) -> Path:
    """Return the source tarball, its checksum checked; Failure 69 tells what every source answered."""
    wanted = checksums(version)
    final = cache.directory("sources") / f"Python-{version}.tarball"
    if final.is_file() and pack.file_sha256(final) in wanted:
        return final
    problems = []
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=".download-") as directory:
        temporary = Path(directory) / final.name
        for name, write in attempts(version):
            problem = try_source(name, write, temporary, wanted)
            if not problem:
                os.replace(temporary, final)
                return final
            detail(f"no: {problem}")
            problems.append(problem)
    listing = "".join(f"\n    {problem}" for problem in problems)
    advice = f"fetch it by hand and put it at {final}"
    raise Failure(UNAVAILABLE, f"the source of Python {version} cannot be fetched; {advice}:{listing}")
