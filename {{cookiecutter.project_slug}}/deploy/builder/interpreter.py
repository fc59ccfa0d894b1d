"""The interpreter of a target: compiled, made movable, tested, and kept in the cache."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pack
from builder import archive, cache, libraries, modes, network, pairs, sources, systems
from builder.engine import ENVIRONMENT, Engine, Job, Mount, run, worktree
from builder.output import INTERNAL, UNAVAILABLE, warning
from builder.settings import WHEELS
from builder.targets import Target

MEASURE = Job("measure-glibc.sh", "measuring glibc", INTERNAL)
COMPILE = (Job("build-python.sh", "compiling CPython", INTERNAL), MEASURE)
FETCH_TOOLS = Job("fetch-tools.sh", "fetching pip and what belongs to it", UNAVAILABLE, network=True)
INSTALL_TOOLS = Job("install-tools.sh", "installing pip and what belongs to it", INTERNAL)
FINISH = (
    Job("trim-python.sh", "trimming CPython", INTERNAL),
    Job("vendor-libraries.sh", "copying the libraries that CPython needs", INTERNAL),
    Job("compile-stdlib.sh", "compiling the standard library's byte code", INTERNAL),
    Job("test-python.sh", "importing every module of the compiled CPython", INTERNAL),
)
# An archive has its libraries already; a library from outside of it fails the test.
FINISH_ARCHIVE = tuple(job for job in FINISH if job.script != "vendor-libraries.sh")
# python-build-standalone leaves it out: its licence is the GPL.
NOT_IN_ARCHIVES = "dbm.gnu"
DESCRIBE = Job("describe-python.sh", "asking CPython what it is", INTERNAL)
FINISH_DATA = ("base-libraries.txt", "check_stdlib.py")


class Interpreter(NamedTuple):
    """A compiled CPython.

    key changes with whatever it was compiled from; full is the tree that builds wheels, shipped the trimmed
    one; glibc is the version of the system that it was compiled on; description is what it says of itself, its
    version and its ABI tag (PEP 425).
    """

    key: str
    full: Path
    shipped: Path
    glibc: str
    description: str

    @property
    def abi(self) -> str:
        return self.description.partition(" ")[2]


def scripts_key(jobs: tuple[Job, ...], *data: str) -> str:
    return cache.files_key([WHEELS / name for name in (*(job.script for job in jobs), *data)])


def run_all(
    engine: Engine, jobs: tuple[Job, ...], environment: dict[str, str], given: list[Mount], made: Mount
) -> None:
    """Run jobs one after the other, on what is given and what they make, with a directory to work in."""
    with worktree(made.path) as work:
        for job in jobs:
            run(engine, job, environment, [*given, made, work])


def compiler(pair: pairs.Pair) -> dict[str, str]:
    """Return the variables that choose a compiler and its options."""
    path = {"PATH": f"{pair.path}:{ENVIRONMENT['PATH']}"} if pair.path else {}
    return {"MORE_CFLAGS": pair.cflags, **path}


def compiled_key(engine: Engine, target: Target) -> str:
    """Return the name of the cache entry with the compiled CPython."""
    pair = pairs.of_target(target)
    checksums = [sources.checksums("cpython", target.python)]
    checksums += [sources.checksums(name, version) for name, version in pair.libraries]
    scripts = scripts_key((*COMPILE, *(libraries.job_of(name) for name, _version in pair.libraries)))
    return f"compiled-{cache.key(target.python, checksums, engine.identity(), scripts, compiler(pair))}"


def compiled(engine: Engine, target: Target) -> Path:
    """Return the cache entry with the whole CPython as it was compiled, in full/, without pip."""
    pair = pairs.of_target(target)

    def make(entry: Path) -> None:
        ending = systems.row_of(target).get("tar", "")
        given = [Mount("SOURCE", sources.tarball("cpython", target.python, ending))]
        given += libraries.mounts(engine, pair, ending)
        full = Mount("FULL", entry / "full", writable=True)
        run_all(engine, COMPILE, {"VERSION": target.python, **compiler(pair)}, given, full)

    return cache.entry("interpreters", compiled_key(engine, target), make)


def pins_for(series: str) -> Path:
    """Return the requirements file with the pip, setuptools, ... of a Python: its own, or that of all newer ones."""
    own = WHEELS / "tool-pins" / f"py{series}.txt"
    return own if own.is_file() else own.with_name("newer.txt")


def fetched_tools(engine: Engine, target: Target, whole: Path) -> Path:
    """Return the directory with the files that the pins name."""
    pins = pins_for(target.python_series)

    def make(entry: Path) -> None:
        mounts = [Mount("FULL", whole / "full"), Mount("TOOLS", pins), Mount("OUTPUT", entry, writable=True)]
        environment = {"SERIES": target.python_series, **network.environment()}
        run(engine, FETCH_TOOLS, environment, [*mounts, *network.mounts()])

    key = cache.key(target.python_series, scripts_key((FETCH_TOOLS,)), cache.files_key([pins]))
    return cache.entry("wheels", f"tools-{key}", make)


def equipped_key(engine: Engine, target: Target) -> str:
    """Return the name of the cache entry with the compiled CPython and its pip."""
    pins = cache.files_key([pins_for(target.python_series)])
    return f"equipped-{cache.key(compiled_key(engine, target), scripts_key((INSTALL_TOOLS,)), pins)}"


def equipped(engine: Engine, target: Target) -> Path:
    """Return the cache entry with a compiled CPython and its pip, in full/; most of it are hard links."""

    def make(entry: Path) -> None:
        whole = compiled(engine, target)
        shutil.copytree(whole / "full", entry / "full", symlinks=True, copy_function=os.link)
        mounts = [Mount("TOOLS", pins_for(target.python_series)), Mount("FILES", fetched_tools(engine, target, whole))]
        full = Mount("FULL", entry / "full", writable=True)
        run(engine, INSTALL_TOOLS, {"SERIES": target.python_series}, [*mounts, full])

    return cache.entry("interpreters", equipped_key(engine, target), make)


def finished_key(engine: Engine, target: Target) -> str:
    """Return the name of the cache entry with what is shipped."""
    absent = pairs.of_target(target).absent
    key = cache.key(equipped_key(engine, target), scripts_key(FINISH, *FINISH_DATA), pack.MTIME, absent)
    return f"shipped-{key}"


def finished(engine: Engine, target: Target, whole: Path) -> Path:
    """Return the cache entry with what is shipped of a CPython, in shipped/."""
    absent = dict(pairs.of_target(target).absent)

    def make(entry: Path) -> None:
        shipped = Mount("SHIPPED", entry / "shipped", writable=True)
        environment = {"MTIME": str(pack.MTIME), "ABSENT": " ".join(absent)}
        run_all(engine, FINISH, environment, [Mount("FULL", whole / "full")], shipped)

    return cache.entry("interpreters", finished_key(engine, target), make)


def adopted_key(engine: Engine, target: Target) -> str:
    """Return the name of the cache entry with the interpreter of an archive."""
    inputs = (archive.of_target(target).sha256, target.python, engine.identity(), scripts_key((MEASURE,)))
    return f"adopted-{cache.key(*inputs)}"


def adopted(engine: Engine, target: Target) -> tuple[Path, Path]:
    """Return the cache entries with the interpreter of an archive, in full/, and what is shipped of it, in shipped/."""

    def adopt(entry: Path) -> None:
        archive.unpack(archive.fetch(archive.of_target(target)), target, entry / "full")
        run(engine, MEASURE, {}, [Mount("FULL", entry / "full", writable=True)])

    whole = cache.entry("interpreters", adopted_key(engine, target), adopt)

    def finish(entry: Path) -> None:
        shipped = Mount("SHIPPED", entry / "shipped", writable=True)
        environment = {"MTIME": str(pack.MTIME), "ABSENT": NOT_IN_ARCHIVES}
        run_all(engine, FINISH_ARCHIVE, environment, [Mount("FULL", whole / "full")], shipped)

    key = cache.key(whole.name, scripts_key(FINISH_ARCHIVE, *FINISH_DATA), pack.MTIME)
    return whole, cache.entry("interpreters", f"shipped-{key}", finish)


def is_cached(engine: Engine, target: Target) -> bool:
    """Tell whether build() would find everything in the cache."""
    if modes.of_target(target) == modes.ARCHIVE:
        names = [adopted_key(engine, target)]
    else:
        names = [equipped_key(engine, target), finished_key(engine, target)]
    return all((cache.directory("interpreters") / name).is_dir() for name in names)


def described(engine: Engine, finished_entry: Path) -> str:
    """Return what the interpreter that is shipped says of itself, such as "2.7.18 cp27mu"."""

    def make(entry: Path) -> None:
        mounts = [Mount("SHIPPED", finished_entry / "shipped"), Mount("OUTPUT", entry, writable=True)]
        run(engine, DESCRIBE, {}, mounts)

    entry = cache.entry("interpreters", f"described-{cache.key(finished_entry.name, scripts_key((DESCRIBE,)))}", make)
    return (entry / "description").read_text(encoding="utf-8").strip()


def build(engine: Engine, target: Target) -> Interpreter:
    """Return the target's interpreter, compiled or out of its archive if the cache has none."""
    if modes.of_target(target) == modes.ARCHIVE:
        whole, shipped = adopted(engine, target)
    else:
        for reason in dict(pairs.of_target(target).absent).values():
            warning(f"{target.name}: {reason}")
        whole = equipped(engine, target)
        shipped = finished(engine, target, whole)
    glibc = (whole / "full" / "glibc-version").read_text(encoding="utf-8").strip()
    return Interpreter(whole.name, whole / "full", shipped / "shipped", glibc, described(engine, shipped))
