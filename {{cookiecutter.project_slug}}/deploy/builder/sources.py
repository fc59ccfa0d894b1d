"""Source tarballs: fetched from where wheels/sources.json says, checked, and kept in the cache."""

import json
import os
import tempfile
from pathlib import Path

import pack
from builder import cache, debian_source, network
from builder.output import SETTINGS, UNAVAILABLE, Failure, detail
from builder.settings import WHEELS

TIMEOUT = 15  # seconds to connect, and between two packets
CHUNK = 1 << 18


def catalogue(name: str) -> dict:
    """Return what wheels/sources.json says of cpython, openssl, ...: urls, debian and sha256."""
    return json.loads((WHEELS / "sources.json").read_text(encoding="utf-8"))[name]


def checksums(name: str, version: str, ending: str = "") -> list[str]:
    """Return the sha256 of every tarball of a release, or of those with an ending; Failure 78 if it is unknown."""
    known = catalogue(name)["sha256"]
    if version not in known:
        series = version.rpartition(".")[0] + "."
        near = ", ".join(other for other in known if other.startswith(series)) or "none of this series"
        title = "Python" if name == "cpython" else name
        raise Failure(SETTINGS, f"{title} {version} is not in wheels/sources.json; near it are: {near}")
    return sorted(digest for kind, digest in known[version].items() if kind.endswith(ending))


def download(url: str, path: Path) -> None:
    """Write what url answers to path; OSError if it does not."""
    import ssl  # here, because these two take as long to import as all else that a build imports
    import urllib.request

    authorities = network.ca_bundle()
    context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
    with urllib.request.urlopen(url, timeout=TIMEOUT, context=context) as answer, path.open("wb") as stream:
        for chunk in iter(lambda: answer.read(CHUNK), b""):
            stream.write(chunk)


def attempts(name: str, version: str) -> list:
    """Return (source's name, function that writes the tarball to a path or raises OSError), best source first."""
    known = catalogue(name)
    found = []
    for template in known["urls"]:
        url = template.format(version=version, underscored=version.replace(".", "_"))
        found.append((url, lambda path, url=url: download(url, path)))
    if version in known["debian"]:
        place = known["debian"][version]
        package, suite = place["package"], place["suite"]
        pool = f"{package} {version} in the pool of this machine's Debian mirror"
        found.append((pool, lambda path: debian_source.fetch_from_pool(package, version, path)))
        apt = f"package {package} of Debian {suite}, through apt"
        found.append((apt, lambda path: debian_source.fetch(suite, package, path)))
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


def tarball(name: str, version: str, ending: str = "") -> Path:
    """Return a source tarball, its checksum checked; Failure 69 tells what every source answered.

    With an ending such as gz it is one that such a tar can read.
    """
    wanted = checksums(name, version, ending)
    title = "Python" if name == "cpython" else name
    final = cache.directory("sources") / f"{title}-{version}.{ending or 'tarball'}"
    if final.is_file() and pack.file_sha256(final) in wanted:
        return final
    problems = []
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=".download-") as directory:
        temporary = Path(directory) / final.name
        for source, write in attempts(name, version):
            problem = try_source(source, write, temporary, wanted)
            if not problem:
                os.replace(temporary, final)
                return final
            detail(f"no: {problem}")
            problems.append(problem)
    listing = "".join(f"\n    {problem}" for problem in problems)
    advice = f"fetch it by hand and put it at {final}"
    raise Failure(UNAVAILABLE, f"the source of {title} {version} cannot be fetched; {advice}:{listing}")
