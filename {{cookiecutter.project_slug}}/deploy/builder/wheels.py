"""The wheels of a lock: fetched with a network, built without one where the lock has sources, and kept in the cache."""

import os
import shutil
from pathlib import Path

import pack
import wheel_tags
from builder import build_lock, cache, local_packages, lock, network, source_builds
from builder.engine import Engine, Job, Mount, run
from builder.interpreter import Interpreter
from builder.output import UNAVAILABLE
from builder.settings import WHEELS
from builder.targets import Target

FETCH = Job("fetch-wheels.sh", "fetching what the lock names", UNAVAILABLE, network=True)
LIST = "installed.txt"
# What serves where there is no systemd.
SUPERVISOR = WHEELS / "supervisor.txt"


def fetch(engine: Engine, target: Target, interpreter: Interpreter, lock_file: Path) -> Path:
    """Return the directory with everything that a lock names."""

    def make(entry: Path) -> None:
        mounts = [
            Mount("FULL", interpreter.full),
            Mount("LOCK", lock_file),
            Mount("OUTPUT", entry, writable=True),
        ]
        environment = {"SERIES": target.python_series, **network.environment()}
        run(engine, FETCH, environment, [*mounts, *network.mounts()])

    inputs = cache.files_key([WHEELS / FETCH.script, lock_file])
    return cache.entry("wheels", f"fetched-{cache.key(interpreter.key, engine.identity(), inputs)}", make)


def sources(fetched: Path) -> Path:
    """Return the directory with all that is to be built: the fetched sources, and the project's own packages."""
    found = [path for path in fetched.iterdir() if path.suffix != ".whl"]
    found += local_packages.sources().glob("*.tar.gz")

    def make(entry: Path) -> None:
        for path in found:
            os.link(path, entry / path.name)

    return cache.entry("wheels", f"sources-{cache.files_key(sorted(found))}", make)


def make_lock(engine: Engine, target: Target, interpreter: Interpreter, more: bool = False) -> None:
    """Write the target's lock, and beside it what building the sources among it needs.

    With more there is a lock already, of another target with this Python: what that one did not build is added.
    """
    if not more:
        lock.write(lock.path_for(target), lock.text_of(engine, target, interpreter))
    given = sources(fetch(engine, target, interpreter, lock.path_for(target)))
    build_lock.write(engine, target, interpreter, given, more)


def build(engine: Engine, target: Target, interpreter: Interpreter) -> Path:
    """Return the directory with the wheels and installed.txt."""
    fetched = fetch(engine, target, interpreter, lock.path_for(target))
    wheels = sorted(fetched.glob("*.whl"))
    given = sources(fetched)
    requirements = build_lock.fetch(engine, target, interpreter, given)
    for source in sorted(given.iterdir()):
        wheels.append(source_builds.build(engine, target, interpreter, source, requirements / source.name))

    def make(entry: Path) -> None:
        for wheel in wheels:
            shutil.copy(wheel, entry)
        (entry / LIST).write_text(installed_list(entry), encoding="utf-8")

    return cache.entry("wheels", f"built-{cache.files_key(wheels)}", make)


def fetch_supervisor(engine: Engine, target: Target, interpreter: Interpreter) -> Path:
    """Return the directory with supervisor's wheel, and those that it needs on the target's Python."""
    return fetch(engine, target, interpreter, SUPERVISOR)


def installed_list(directory: Path) -> str:
    """Return "name==version --hash=sha256:…" for every wheel, as pip install --require-hashes reads it."""
    lines = []
    for path in directory.glob("*.whl"):
        wheel = wheel_tags.parse_wheel_name(path.name)
        name = wheel_tags.canonical(wheel.name)
        lines.append(f"{name}=={wheel.version} --hash=sha256:{pack.file_sha256(path)}\n")
    return "".join(sorted(lines))
