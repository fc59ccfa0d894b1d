"""make reproduce: a finished bundle built once more from what it records, and compared byte by byte."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Callable

import pack
import versions
from builder import bundle, cache, choice, comparison, provenance, reading
from builder.engine import Engine
from builder.output import REFUSED, SETTINGS, UNAVAILABLE, USAGE, Failure, detail, say, warning
from builder.settings import DIST, PROJECT, Settings
from builder.targets import Target

# row.build
Build = Callable[[Settings, str, Target, str, Path], None]

# Where the second bundle is kept if it is another one.
AGAIN = DIST / "reproduced"
# Kinds of cache entries that are fetched and not made; pinned hashes are checked.
FETCHED = ("sources", "tools")
COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


def check_revision(head: dict[str, str]) -> None:
    """Raise Failure 78, before anything is built, unless the tree here is the one that the bundle was built from."""
    here, was = provenance.revision(), head.get("REVISION", "none")
    if head.get("DIRTY") == "yes":
        raise Failure(SETTINGS, "it was built with changes that are in no revision: nobody can build it again")
    if was != here["REVISION"]:
        raise Failure(SETTINGS, other_revision(was, here["REVISION"]))
    if here["DIRTY"] == "yes":
        advice = "commit them, or put them aside; git status shows them"
        raise Failure(SETTINGS, f"there are changes here that are in no revision: {advice}")
    if here["REVISION"] == "none":
        warning("there is no git repository: whether the files here are those it was built from is not known")


def other_revision(was: str, here: str) -> str:
    """Return the message for a bundle of another revision; what it says may be anybody's, and people paste commands."""
    if not COMMIT.fullmatch(was):
        return f"it names no revision that it was built from, and here is {here}: whether that is the same is not known"
    advice = f"git worktree add --detach ../again {was}, then copy dist/ into that project, and make reproduce there"
    place = "no revision" if here == "none" else here
    return f"it was built from revision {was}, here is {place}; {advice}"


def check_inputs(head: dict[str, str], engine: Engine, target: Target) -> None:
    """Raise Failure 78 that names every recorded input that is another one here; another zlib is a warning."""
    here = provenance.of(engine, target)
    differing = [key for key in here if here[key] != head.get(key)]
    if "ZLIB" in differing:
        differing.remove("ZLIB")
        was = head.get("ZLIB")
        warning(f"zlib is {here['ZLIB']} here and was {was}: the same content may be compressed to other bytes")
    if differing:
        rows = "".join(f"\n    {key}: {head.get(key)}, here: {here[key]}" for key in differing)
        raise Failure(SETTINGS, f"{target.name}: not everything here is as when it was built:{rows}")


@contextmanager
def empty_cache() -> Iterator[None]:
    """Have the builder work with a cache of its own, in which only fetched files are; all that is made is made anew."""
    fetched = {kind: cache.directory(kind) for kind in FETCHED}
    before = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory(prefix="offline-flask-") as directory:
        os.environ["XDG_CACHE_HOME"] = directory
        own = Path(directory) / "offline-flask"
        own.mkdir()
        for kind, place in fetched.items():
            (own / kind).symlink_to(place)
        try:
            yield
        finally:
            del os.environ["XDG_CACHE_HOME"]
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before


def compare(first: Path, second: Path) -> None:
    """Say that two bundles are identical, and remove the second; else show what differs, and Failure 1."""
    digests = [pack.file_sha256(path) for path in (first, second)]
    if digests[0] != digests[1]:
        comparison.show(first, second)
        what = "members that differ are above; if there are none, order or compression differ"
        raise Failure(REFUSED, f"{second} is not {first}: {what}")
    shutil.rmtree(second.parent)
    with suppress(OSError):  # another target's is there
        AGAIN.rmdir()
    say(f"==> identical: {first.name}")
    detail(f"sha256 {digests[0]}")


def one(settings: Settings, version: str, target: Target, build: Build) -> None:
    """Build one bundle again with the engine that it names, unsigned, and compare."""
    first, second = bundle.path_of(settings, version, target), bundle.path_of(settings, version, target, AGAIN)
    say(f"==> building {first.relative_to(PROJECT)} again")
    head = reading.head_of(first).values
    check_revision(head)
    os.environ["INTERPRETER"] = head["INTERPRETER"]
    engine = choice.make(head["ENGINE"], target)
    engine.prepare()
    check_inputs(head, engine, target)
    for name in ("SIGN_KEY", "SINCE", "COMPRESS"):
        os.environ.pop(name, None)
    with empty_cache() if os.environ.get("CACHE", "empty") == "empty" else nullcontext():
        build(settings, version, target, head["ENGINE"], AGAIN)
    compare(first, second)


def run(settings: Settings, version: str, targets: list[Target], build: Build) -> None:
    """Do it for every target that has a bundle of the version; Failure 69 if none has."""
    if not versions.is_version(version) or os.environ.get("CACHE", "empty") not in ("empty", "shared"):
        raise Failure(USAGE, "usage: make reproduce VERSION=… [TARGET=… CACHE=empty|shared]")
    there = [target for target in targets if bundle.path_of(settings, version, target).is_file()]
    if not there:
        raise Failure(UNAVAILABLE, f"dist/ has no bundle of version {version}; make tarball VERSION={version} makes it")
    for target in there:
        one(settings, version, target, build)
