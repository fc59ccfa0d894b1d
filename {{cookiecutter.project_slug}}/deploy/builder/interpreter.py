"""The interpreter of a target: compiled, made movable, tested, and kept in the cache."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pack
from builder import cache, sources
from builder.engine import Engine, Job, Mount, run
from builder.output import INTERNAL
from builder.settings import WHEELS
from builder.targets import Target

COMPILE = (
    Job("build-python.sh", "compiling CPython", INTERNAL),
    Job("measure-glibc.sh", "measuring glibc", INTERNAL),
)
FINISH = (
    Job("trim-python.sh", "trimming CPython", INTERNAL),
    Job("vendor-libraries.sh", "copying the libraries that CPython needs", INTERNAL),
    Job("compile-stdlib.sh", "compiling the standard library's byte code", INTERNAL),
    Job("test-python.sh", "importing every module of the compiled CPython", INTERNAL),
)
FINISH_DATA = ("base-libraries.txt", "check_stdlib.py")


class Interpreter(NamedTuple):
    """A compiled CPython.

    key changes with whatever it was compiled from; full is the tree that builds wheels, shipped the trimmed
    one; glibc is the version of the system that it was compiled on.
    """

    key: str
    full: Path
    shipped: Path
    glibc: str


def scripts_key(jobs: tuple[Job, ...], *data: str) -> str:
    return cache.files_key([WHEELS / name for name in (*(job.script for job in jobs), *data)])


def run_all(engine: Engine, jobs: tuple[Job, ...], environment: dict[str, str], given: Mount, made: Mount) -> None:
    """Run jobs one after the other, on what is given and what they make, with a directory to work in."""
    work = made.path.with_name("work")
    for directory in (made.path, work):
        directory.mkdir()
    for job in jobs:
        run(engine, job, environment, [given, made, Mount("WORK", work, writable=True)])
    shutil.rmtree(work)


def compiled(engine: Engine, target: Target) -> Path:
    """Return the cache entry with the whole CPython as it was compiled, in full/."""

    def make(entry: Path) -> None:
        source = Mount("SOURCE", sources.cpython(target.python))
        full = Mount("FULL", entry / "full", writable=True)
        run_all(engine, COMPILE, {"VERSION": target.python}, source, full)

    checksums = sources.checksums(target.python)
    key = cache.key(target.python, checksums, engine.identity(), scripts_key(COMPILE))
    return cache.entry("interpreters", f"compiled-{key}", make)


def finished(engine: Engine, whole: Path) -> Path:
    """Return the cache entry with what is shipped of a compiled CPython, in shipped/."""

    def make(entry: Path) -> None:
        shipped = Mount("SHIPPED", entry / "shipped", writable=True)
        run_all(engine, FINISH, {"MTIME": str(pack.MTIME)}, Mount("FULL", whole / "full"), shipped)

    key = cache.key(whole.name, scripts_key(FINISH, *FINISH_DATA), pack.MTIME)
    return cache.entry("interpreters", f"shipped-{key}", make)


def build(engine: Engine, target: Target) -> Interpreter:
    """Return the target's interpreter, compiling it if the cache has none."""
    whole = compiled(engine, target)
    shipped = finished(engine, whole)
    glibc = (whole / "full" / "glibc-version").read_text(encoding="utf-8").strip()
    return Interpreter(whole.name, whole / "full", shipped / "shipped", glibc)
