"""Locks: the exact versions of what the app needs for one Python, made by pip-tools on that Python."""

import hashlib
import os
import re
import shutil
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import wheel_tags
from builder import cache, indexes, local_packages, network, requirements, settings
from builder.engine import Engine, Job, Mount, run
from builder.interpreter import Interpreter
from builder.output import SETTINGS, UNAVAILABLE, Failure
from builder.requirements import Pin, Source
from builder.settings import APP, WHEELS
from builder.targets import Target

JOB = Job("make-lock.sh", "resolving what the app needs", UNAVAILABLE, network=True)
# What pip-tools writes for a package of the project's own, which no index has and whose source is in the project.
OWN_PACKAGE = re.compile(r"^(?:\S+ @ file:|file:|\./|-e ).*\n(?:[ \t].*\n)*", re.MULTILINE)
# A pin of a lock with its hashes, as pip-tools writes it.
BLOCK = re.compile(
    r"^(?P<pin>(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)[^\n\\]*?) \\\n"
    r"(?:    --hash=\S+(?: \\)?\n)+",
    re.MULTILINE,
)
HEADER = """\
# Made by "make lock" for Python {series}; change {name} and run it again instead of editing this.
# sha256 of {hashed}: {digest}
"""


def path_for(target: Target) -> Path:
    return APP / "locks" / f"py{target.python_series}.txt"


def pinned(target: Target) -> dict[str, str]:
    """Return the versions in the target's lock, by normalized name; none where there is no lock."""
    path = path_for(target)
    return wheel_tags.pinned(settings.text_of(path)) if path.is_file() else {}


def tools_for(series: str) -> Path:
    """Return the requirements file with the pip-tools for a Python: its own, or that of all newer ones."""
    own = WHEELS / "lock-tools" / f"py{series}.txt"
    return own if own.is_file() else own.with_name("newer.txt")


def hashed(source: Source) -> str:
    """Return what source_digest() is of, for people."""
    return source.name if source.kind == requirements.PLAIN else f"the dependencies in {source.name}"


def source_digest(source: Source) -> str:
    """Return the sha256 of what says what the app needs, the project's own packages included; Failure 78.

    Of files that say other things too, such as pyproject.toml, only the dependencies count.
    """
    if source.kind != requirements.PLAIN:
        pins = [" ".join([pin.constraint, *sorted(pin.hashes)]) for pin in requirements.pins(source)]
        return hashlib.sha256("\n".join([*requirements.wanted(source), *pins]).encode()).hexdigest()
    try:
        files = [path.read_bytes() for path in requirements.files(source)]
        return hashlib.sha256(b"".join([*files, *local_packages.metadata(source)])).hexdigest()
    except OSError as error:
        raise Failure(SETTINGS, f"{error.filename} cannot be read: {error.strerror}") from error


def resolve(engine: Engine, target: Target, interpreter: Interpreter, source: Source, output: Path) -> str:
    """Return the text of a new lock, without its comments on the whole."""
    if path_for(target).exists():
        shutil.copyfile(path_for(target), output / "lock.txt")
    mounts = [
        Mount("FULL", interpreter.full),
        Mount("PROJECT", APP),
        Mount("LOCK_TOOLS", tools_for(target.python_series)),
        Mount("OUTPUT", output, writable=True),
        *network.mounts(),
    ]
    wanted = write_wanted(source, output)
    run(engine, JOB, {"SERIES": target.python_series, "WANTED": wanted, **indexes.environment()}, mounts)
    lines = (output / "lock.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    return OWN_PACKAGE.sub("", "".join(line for line in lines if not line.startswith("#")))


def write_wanted(source: Source, output: Path) -> str:
    """Return the requirements file to resolve, relative to project/: the project's own, or one made of what it has."""
    if source.kind == requirements.PLAIN:
        return source.name
    constraints = "".join(f"{pin.constraint}\n" for pin in requirements.pins(source))
    (output / "constraints.txt").write_text(constraints, encoding="utf-8")
    wanted = output / f"{source.path.name}.in"
    lines = ["-c constraints.txt", *requirements.wanted(source)]
    wanted.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return f"../{wanted.name}"


def with_hashes_of(pins: list[Pin], text: str) -> str:
    """Return a lock's text in which what was locked before has the hashes of then, and not those of today's index."""
    known = {(pin.name, pin.version): pin.hashes for pin in pins if pin.hashes}
    return re.sub(BLOCK, lambda block: rehashed(block, known), text)


def rehashed(block: re.Match, known: dict[tuple[str, str], tuple[str, ...]]) -> str:
    hashes = known.get((wheel_tags.canonical(block["name"]), block["version"]))
    if not hashes:
        return block[0]
    return " \\\n".join([block["pin"], *(f"    --hash={one}" for one in sorted(set(hashes)))]) + "\n"


def text_of(engine: Engine, target: Target, interpreter: Interpreter) -> str:
    """Return the text of a new lock with its header."""
    source = requirements.source()
    digest = source_digest(source)
    with tempfile.TemporaryDirectory(dir=cache.directory("wheels"), prefix=".lock-") as directory:
        text = resolve(engine, target, interpreter, source, Path(directory))
    header = HEADER.format(series=target.python_series, name=source.name, hashed=hashed(source), digest=digest)
    return header + with_hashes_of(requirements.pins(source), text)


def alone(target: Target) -> AbstractContextManager[None]:
    """Within, no other build of this project makes a lock for the target's Python."""
    return cache.locked(cache.directory("wheels") / f".lock-{cache.key(str(path_for(target)))}.lock")


def write(path: Path, text: str) -> None:
    """Replace a file of project/locks/ at once."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def check(target: Target) -> dict[str, str]:
    """Return what the lock pins; Failure 78 if it does not fit what the app needs or lacks gunicorn."""
    path, source = path_for(target), requirements.source()
    name = f"project/locks/{path.name}"
    text = settings.text_of(path)
    if f"sha256 of {hashed(source)}: {source_digest(source)}\n" not in text:
        raise Failure(SETTINGS, f"project/{source.name} has changed since {name} was made: run `make lock`")
    versions = wheel_tags.pinned(text)
    if "gunicorn" not in versions:
        raise Failure(SETTINGS, f"{name} lacks gunicorn, which serves the app: run `make lock`")
    return versions
