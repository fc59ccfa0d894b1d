"""Deltas: a bundle without the files that a box with an earlier release, the base, has already.

Its DELTA/ says what to complete it from, and holds the lists as differences to the base's: a line of DELTA/SHA256SUMS
or DELTA/MANIFEST is "=N" (take the base's next N lines), "-N" (leave N out) or "+LINE". The base's lines count as if
its release's name were the new one's. What comes out is, byte for byte, the whole bundle's.
"""

import io
import os
from pathlib import Path
from typing import Optional

import layers
import pack
import versions
from builder import cache, publication, reading
from builder.output import UNAVAILABLE, USAGE, Failure
from builder.reading import Head

# In which column the path begins.
COLUMNS = {"SHA256SUMS": 66, "MANIFEST": 7}


def wanted(version: str) -> str:
    """Return the version that SINCE names, "" if no delta is wanted; Failure 64 if it can be none."""
    since = os.environ.get("SINCE", "")
    if since and (not versions.is_version(since) or since == version):
        raise Failure(USAGE, f"SINCE must name an earlier version than {version}, not {since!r}")
    return since


def base(path: Path, since: str) -> Head:
    """Return the head of the base of a delta of the bundle path; Failure 69 if nobody knows it, 65 if it is damaged."""
    tarball = path.with_name(f"{path.name[: path.name.rindex('-v')]}-v{since}.tar.gz")
    if tarball.exists():
        return reading.head_of(tarball)
    head = remembered(tarball)
    if head is None:
        advice = f"put that bundle there, or leave SINCE={since} out"
        raise Failure(UNAVAILABLE, f"there is no {tarball.relative_to(tarball.parents[2])}: {advice}")
    return head


def keep(head: list[pack.Member]) -> None:
    """Remember a head, so that its release can be a base when its tarball is gone from dist/."""
    layers.cached_layer(head, cache.directory("layers"))


def remembered(tarball: Path) -> Optional[Head]:
    """Return the head of a bundle that was built here, and of which dist/ has the .sha256 at most."""
    digest = publication.head_digest(tarball)
    layer = cache.directory("layers") / f"{digest}.layer"
    size = layers.kept_size(layer) if digest else None
    if size is None:
        return None
    head = reading.read_head(io.BytesIO(layer.read_bytes()[:size]), tarball.name[: -len(".tar.gz")])
    sidecar = publication.beside(tarball, ".sha256")
    is_it = not sidecar.exists() or head.sums_sha256 in sidecar.read_text(encoding="utf-8")
    return head if is_it else None


def path_of(path: Path, older: Head) -> Path:
    """Return where the delta of a bundle, path, since an older one lies."""
    return path.with_name(f"{path.name[: -len('.tar.gz')]}-since-{older.values['VERSION']}.delta")


def renamed(line: str, column: int, former: str, release: str) -> str:
    """Return a line of the base's list with the new release's name in the path."""
    if line[column:] == former or line.startswith(f"{former}/", column):
        return line[:column] + release + line[column + len(former) :]
    return line


def edits(old: list[str], new: list[str], column: int) -> list[str]:
    """Return what makes the lines new of the lines old, both sorted by what begins in a column."""
    steps: list[str] = []

    def count(sign: str) -> None:
        if steps and steps[-1][0] == sign:
            steps[-1] = f"{sign}{int(steps[-1][1:]) + 1}"
        else:
            steps.append(f"{sign}1")

    at = 0
    for line in new:
        while at < len(old) and old[at] != line and old[at][column:] <= line[column:]:
            count("-")
            at += 1
        if at < len(old) and old[at] == line:
            count("=")
            at += 1
        else:
            steps.append(f"+{line}")
    return steps


def difference(name: str, older: Head, release: str, new: str) -> bytes:
    """Return DELTA/NAME for one of the lists."""
    column = COLUMNS[name]
    text = older.sums if name == "SHA256SUMS" else older.manifest
    old = [renamed(line, column, older.release, release) for line in text.splitlines()]
    return "".join(f"{step}\n" for step in edits(old, new.splitlines(), column)).encode()


def parts(older: Head, head: list[pack.Member], content: list[pack.Member]) -> list[list[pack.Member]]:
    """Return the layers of a delta of a bundle with that head and content; what setup.sh reads first comes first."""
    top, lists = head[0], [member for member in head if member.path.rpartition("/")[2] in COLUMNS]
    about = {"VERSION": older.values["VERSION"], "BASE_SHA256SUMS": older.sums_sha256, "SHA256SUMS": lists[0].sha256}
    directory = f"{top.path}/DELTA"
    base_lines = "".join(f"{key}={value}\n" for key, value in about.items()).encode()
    first = [top, pack.directory(directory), pack.file_of_bytes(f"{directory}/BASE", base_lines)]
    differences = [
        pack.file_of_bytes(f"{directory}/{name}", difference(name, older, top.path, whole.content.decode()))
        for name, whole in zip(COLUMNS, lists)
    ]
    there, python = set(older.digests.values()), older.values["PYTHON_DIR"]

    def lacking(whole: list[pack.Member]) -> list[pack.Member]:
        new = (member for member in whole if member not in lists and not is_below(member.path, python))
        return [member for member in new if member.kind != pack.FILE or member.sha256 not in there]

    return [[*first, *lacking(head[1:]), *differences], *layers.pieces(lacking(content))]


def is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory}/")
