"""project/locks/build-pyX.Y.txt: the exact versions of what building each of a lock's source distributions needs."""

import re
import tempfile
from pathlib import Path

from builder import cache, indexes, lock, network
from builder.engine import Engine, Job, Mount, run
from builder.interpreter import Interpreter
from builder.output import UNAVAILABLE, detail
from builder.settings import APP, LOCKS, WHEELS, text_of
from builder.targets import Target

RESOLVE = Job("lock-build-requirements.sh", "resolving what building sources needs", UNAVAILABLE, network=True)
FETCH = Job("fetch-build-requirements.sh", "fetching what building sources needs", UNAVAILABLE, network=True)
SECTION = re.compile(r"^# for (\S+)\n", re.MULTILINE)
HEADER = '# Made by "make lock": what building the sources among py{series}.txt needs, for each of them apart.\n'


def path_for(target: Target) -> Path:
    return APP / "locks" / f"build-py{target.python_series}.txt"


def parse(text: str) -> dict[str, str]:
    """Return the requirements of each source distribution, by its file name."""
    parts = SECTION.split(text)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def pins_alone(text: str) -> str:
    """Return the text without its comments, and without pip's options, which no pip-tools before 6.11 can leave out."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.strip() and not line.startswith(("#", "-")))


def resolve(engine: Engine, target: Target, interpreter: Interpreter, sources: Path) -> dict[str, str]:
    """Return the requirements of each source distribution of a directory."""
    with tempfile.TemporaryDirectory(dir=cache.directory("wheels"), prefix=".lock-") as directory:
        output, work = Path(directory) / "output", Path(directory) / "work"
        output.mkdir()
        work.mkdir()
        mounts = [Mount("FULL", interpreter.full), Mount("SOURCES", sources)]
        mounts += [Mount("LOCK_TOOLS", lock.tools_for(target.python_series)), Mount("WORK", work, writable=True)]
        mounts += [Mount("OUTPUT", output, writable=True), *network.mounts()]
        run(engine, RESOLVE, {"SERIES": target.python_series, **indexes.environment()}, mounts)
        return {path.stem: pins_alone(path.read_text(encoding="utf-8")) for path in output.glob("*.txt")}


def write(target: Target, known: dict[str, str]) -> None:
    """Replace the lock by one that says this; where nothing is built there is none."""
    path = path_for(target)
    if known:
        sections = "".join(f"# for {name}\n{text}" for name, text in sorted(known.items()))
        lock.write(path, HEADER.format(series=target.python_series) + sections)
    else:
        path.unlink(missing_ok=True)


def make(engine: Engine, target: Target, interpreter: Interpreter, sources: Path) -> None:
    """Write the lock anew, for the sources that this target builds."""
    write(target, resolve(engine, target, interpreter, sources) if any(sources.iterdir()) else {})


def complete(engine: Engine, target: Target, interpreter: Interpreter, sources: Path) -> None:
    """Add to the lock what it does not say yet of the sources that this target builds.

    One target builds what another one has a wheel of, and all targets of a Python share this file.
    """
    with lock.alone(target):
        known = said(target)
        unknown = sorted(source.name for source in sources.iterdir() if source.name not in known)
        if unknown:
            name = path_for(target).name
            detail(f"{LOCKS}/{name} does not say what building {', '.join(unknown)} needs: adding it")
            write(target, {**resolve(engine, target, interpreter, sources), **known})


def said(target: Target) -> dict[str, str]:
    """Return what the lock says of each source, none if there is no lock."""
    path = path_for(target)
    return parse(text_of(path)) if path.is_file() else {}


def fetch(engine: Engine, target: Target, interpreter: Interpreter, sources: Path) -> Path:
    """Return the directory that has, for each source distribution, a directory with what building it needs."""
    known = said(target)
    wanted = {source.name: known[source.name] for source in sorted(sources.iterdir())}

    def download(entry: Path) -> None:
        with tempfile.TemporaryDirectory() as directory:
            for name, text in wanted.items():
                (Path(directory) / f"{name}.txt").write_text(text, encoding="utf-8")
            mounts = [Mount("FULL", interpreter.full), Mount("PINS", Path(directory))]
            mounts += [Mount("OUTPUT", entry, writable=True), *network.mounts()]
            if wanted:
                run(engine, FETCH, {"SERIES": target.python_series, **indexes.environment()}, mounts)

    key = cache.key(interpreter.key, engine.identity(), wanted, cache.files_key([WHEELS / FETCH.script]))
    return cache.entry("wheels", f"build-requirements-{key}", download)
