"""A ready-made interpreter that can be moved: an archive in the layout that python-build-standalone calls install_only.

That is one directory, python/, with bin/python3.X, lib/ and pip, compressed in any way that this machine's tar reads.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pack
from builder import cache, sources
from builder.output import SETTINGS, UNAVAILABLE, Failure
from builder.settings import PROJECT
from builder.targets import Target

LOCATION = re.compile(r"(?P<place>[^#\s][^#]*)#sha256=(?P<sha256>[0-9a-f]{64})")


class Archive(NamedTuple):
    """Where an archive is, a URL or a path, and the sha256 that it must have."""

    place: str
    sha256: str


def of_target(target: Target) -> Archive:
    """Return the archive that ARCHIVE or the target's row names; Failure 78 if it has no sha256."""
    text = os.environ.get("ARCHIVE") or target.archive
    match = LOCATION.fullmatch(text)
    if not match:
        wanted = "be the URL or path of the archive, then #sha256= and its sha256"
        raise Failure(SETTINGS, f"{target.name}: ARCHIVE, or the key archive of its row, must {wanted}, not {text!r}")
    return Archive(match["place"], match["sha256"])


def fetch(archive: Archive) -> Path:
    """Return the archive's file, its checksum checked; Failure 69."""
    final = cache.directory("sources") / f"interpreter-{archive.sha256}"
    if final.is_file() and pack.file_sha256(final) == archive.sha256:
        return final
    temporary = final.with_name(f".{final.name}.{os.getpid()}")
    try:
        place = archive.place
        problem = sources.try_source(place, lambda path: write(place, path), temporary, [archive.sha256])
        if problem:
            raise Failure(UNAVAILABLE, f"the interpreter's archive cannot be used: {problem}")
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
    return final


def write(place: str, path: Path) -> None:
    """Write what is at a URL, or at a path, which may be relative to the project, to path; OSError."""
    if re.match(r"https?://", place):
        sources.download(place, path)
    else:
        shutil.copyfile(PROJECT / place, path)


def unpack(archive: Path, target: Target, full: Path) -> None:
    """Put the interpreter of an archive at full; Failure 78 if it is not in the layout, or of another Python."""
    place = full.with_name("unpacked")
    place.mkdir()
    command = ["tar", "-x", "-f", str(archive), "-C", str(place), "--no-same-owner"]
    if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        raise Failure(SETTINGS, f"{target.name}: this machine's tar cannot unpack the interpreter's archive")
    name = f"python{target.python_series}"
    if not (place / "python/bin" / name).is_file():
        raise Failure(SETTINGS, f"{target.name}: the interpreter's archive has no python/bin/{name}")
    (place / "python").rename(full)
    shutil.rmtree(place)
