"""The wheels of a lock: fetched with a network, built without one, and kept in the cache."""

from pathlib import Path

import pack
import versions
from builder import cache, lock, network
from builder.engine import Engine, Job, Mount, run
from builder.interpreter import Interpreter
from builder.output import INTERNAL, UNAVAILABLE
from builder.settings import WHEELS
from builder.targets import Target

FETCH = Job("fetch-wheels.sh", "fetching what the lock names", UNAVAILABLE, network=True)
BUILD = Job("build-wheels.sh", "building wheels", INTERNAL)
LIST = "installed.txt"
# What serves where there is no systemd.
SUPERVISOR = WHEELS / "supervisor.txt"


def fetch(engine: Engine, target: Target, interpreter: Interpreter, lock_file: Path) -> Path:
    """Return the directory with everything that a lock names and that building it needs."""
    inputs = [WHEELS / FETCH.script, WHEELS / "list_build_requirements.py", lock_file]

    def make(entry: Path) -> None:
        mounts = [
            Mount("FULL", interpreter.full),
            Mount("LOCK", lock_file),
            Mount("OUTPUT", entry, writable=True),
        ]
        environment = {"SERIES": target.python_series, **network.environment()}
        run(engine, FETCH, environment, [*mounts, *network.mounts()])

    return cache.entry("wheels", f"fetched-{cache.key(interpreter.key, cache.files_key(inputs))}", make)


def build(engine: Engine, target: Target, interpreter: Interpreter) -> Path:
    """Return the directory with the wheels and installed.txt."""
    lock_file = lock.path_for(target)
    fetched = fetch(engine, target, interpreter, lock_file)
    key = cache.key(fetched.name, cache.files_key([WHEELS / BUILD.script]))

    def make(entry: Path) -> None:
        mounts = [Mount("FULL", interpreter.full), Mount("LOCK", lock_file), Mount("FETCHED", fetched)]
        environment = {"SERIES": target.python_series, "MTIME": str(pack.MTIME)}
        run(engine, BUILD, environment, [*mounts, Mount("OUTPUT", entry, writable=True)])
        (entry / LIST).write_text(installed_list(entry), encoding="utf-8")

    return cache.entry("wheels", f"built-{key}", make)


def fetch_supervisor(engine: Engine, target: Target, interpreter: Interpreter) -> Path:
    """Return the directory with supervisor's wheel, and those that it needs on the target's Python."""
    return fetch(engine, target, interpreter, SUPERVISOR) / "files"


def installed_list(directory: Path) -> str:
    """Return "name==version --hash=sha256:…" for every wheel, as pip install --require-hashes reads it."""
    lines = []
    for path in directory.glob("*.whl"):
        wheel = versions.parse_wheel_name(path.name)
        name = lock.canonical(wheel.name)
        lines.append(f"{name}=={wheel.version} --hash=sha256:{pack.file_sha256(path)}\n")
    return "".join(sorted(lines))
