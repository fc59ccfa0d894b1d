"""The wheels of a lock: fetched with a network, built without one where the lock has sources, and kept in the cache."""

import os
import shutil
from pathlib import Path

import pack
import wheel_tags
from builder import build_lock, cache, indexes, local_packages, lock, network, source_builds, trees
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
        # supervisor is not the app's.
        variables = network.environment() if lock_file == SUPERVISOR else indexes.environment()
        run(engine, FETCH, {"SERIES": target.python_series, **variables}, [*mounts, *network.mounts()])

    inputs = cache.files_key([WHEELS / FETCH.script, lock_file])
    return cache.entry("wheels", f"fetched-{cache.key(interpreter.key, engine.identity(), inputs)}", make)


def sources(fetched: Path) -> Path:
    """Return the directory with all that is to be built: the fetched sources, and the project's own packages."""
    own = local_packages.sources()
    found = {fetched / name: digest for name, digest in trees.of(fetched).digests.items() if not name.endswith(".whl")}
    found.update((own / name, digest) for name, digest in trees.of(own).digests.items())

    def make(entry: Path) -> None:
        for path in found:
            os.link(path, entry / path.name)

    key = cache.key(sorted((path.name, digest) for path, digest in found.items()))
    return cache.entry("wheels", f"sources-{key}", make)


def make_lock(engine: Engine, target: Target, interpreter: Interpreter) -> None:
    """Write the target's lock, and beside it what building the sources among it needs."""
    lock.write(lock.path_for(target), lock.text_of(engine, target, interpreter))
    given = sources(fetch(engine, target, interpreter, lock.path_for(target)))
    build_lock.make(engine, target, interpreter, given)


def complete_lock(engine: Engine, target: Target, interpreter: Interpreter) -> None:
    """Add to the lock of another target with this Python what only this one builds."""
    given = sources(fetch(engine, target, interpreter, lock.path_for(target)))
    build_lock.complete(engine, target, interpreter, given)


def build(engine: Engine, target: Target, interpreter: Interpreter) -> Path:
    """Return the directory with the wheels and installed.txt."""
    fetched = fetch(engine, target, interpreter, lock.path_for(target))
    wheels = [fetched / name for name in trees.of(fetched).digests if name.endswith(".whl")]
    given = sources(fetched)
    build_lock.complete(engine, target, interpreter, given)
    requirements = build_lock.fetch(engine, target, interpreter, given)
    for source in sorted(given.iterdir()):
        wheels.append(source_builds.build(engine, target, interpreter, source, requirements / source.name))
    digests = {path: trees.of(path.parent).digests[path.name] for path in wheels}

    def make(entry: Path) -> None:
        for path, digest in digests.items():
            copy = Path(shutil.copy(path, entry))
            if pack.file_sha256(copy) != digest:
                raise cache.damaged(path)
        (entry / LIST).write_text(installed_list(digests), encoding="utf-8")

    key = cache.key([(path.name, digest) for path, digest in digests.items()])
    return cache.entry("wheels", f"built-{key}", make)


def fetch_supervisor(engine: Engine, target: Target, interpreter: Interpreter) -> Path:
    """Return the directory with supervisor's wheel, and those that it needs on the target's Python."""
    return fetch(engine, target, interpreter, SUPERVISOR)


def installed_list(digests: dict[Path, str]) -> str:
    """Return "name==version --hash=sha256:…" for every wheel, as pip install --require-hashes reads it."""
    lines = []
    for path, digest in digests.items():
        wheel = wheel_tags.parse_wheel_name(path.name)
        lines.append(f"{wheel_tags.canonical(wheel.name)}=={wheel.version} --hash=sha256:{digest}\n")
    return "".join(sorted(lines))
