"""Reads what finished bundles say of themselves: the head of a tarball in dist/."""

import gzip
import hashlib
import os
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple

from builder.output import DAMAGED, UNAVAILABLE, USAGE, Failure
from builder.settings import DIST
from versions import is_version

LISTS = ("BUNDLE", "SHA256SUMS", "MANIFEST")
# tarfile tells of damage in all of these ways.
DAMAGES = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError)


class Head(NamedTuple):
    """The texts of BUNDLE, SHA256SUMS and MANIFEST."""

    bundle: str
    sums: str
    manifest: str

    @property
    def values(self) -> dict[str, str]:
        """BUNDLE's keys and values."""
        pairs = (line.partition("=") for line in self.bundle.splitlines())
        return {key: value for key, _equals, value in pairs}

    @property
    def release(self) -> str:
        """The release's directory, such as app-v1."""
        return f"{self.values['NAME']}-v{self.values['VERSION']}"

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of every file, by its path."""
        return {line[66:]: line[:64] for line in self.sums.splitlines()}

    @property
    def sums_sha256(self) -> str:
        return hashlib.sha256(self.sums.encode()).hexdigest()


def read_head(stream: BinaryIO, release: str) -> Head:
    """Return the head of an open tarball, of which no more is read; one of DAMAGES or KeyError if it has none."""
    found: dict[str, str] = {}
    with tarfile.open(fileobj=stream, mode="r:gz") as archive:
        for member in archive:
            name = member.name[len(release) + 1 :]
            if member.name.startswith(f"{release}/") and name in LISTS and member.isfile():
                found[name] = archive.extractfile(member).read().decode()
            if len(found) == len(LISTS):
                break
    return Head(*(found[name] for name in LISTS))


def bundles(*versions: str) -> list[list[Path]]:
    """Return the tarballs of some versions, for each target and name (the app or the kit) that has them all.

    TARGET narrows it; Failure 64 or 69.
    """
    for version in versions:
        if not is_version(version):
            raise Failure(USAGE, f"{version!r} is not a version")
    pattern = os.environ.get("TARGET") or "*"
    found = []
    for directory in sorted(DIST.glob(pattern) if "/" not in pattern else ()):
        endings = [f"-v{version}.tar.gz" for version in versions]
        for first in sorted(directory.glob(f"*{endings[0]}")):
            tarballs = [first.with_name(first.name[: -len(endings[0])] + ending) for ending in endings]
            if all(path.exists() for path in tarballs):
                found.append(tarballs)
    if not found:
        which = f"dist/{pattern} has no bundle of version {' and one of '.join(versions)}"
        raise Failure(UNAVAILABLE, f"{which}; make it first: make tarball VERSION=…")
    return found


def head_of(path: Path) -> Head:
    """Return the head of a tarball in dist/; Failure 65 if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return read_head(stream, path.name[: -len(".tar.gz")])
    except (*DAMAGES, KeyError, OSError) as error:
        raise Failure(DAMAGED, f"{path} cannot be read: {error}; build it again, or fetch it again") from error
