"""Locks: the exact versions of project/requirements.txt for one Python, made by pip-tools on that Python."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

import wheel_tags
from builder import cache, local_packages, network
from builder.engine import Engine, Job, Mount, run
from builder.interpreter import Interpreter
from builder.output import SETTINGS, UNAVAILABLE, Failure
from builder.settings import APP, WHEELS
from builder.targets import Target

JOB = Job("make-lock.sh", "resolving project/requirements.txt", UNAVAILABLE, network=True)
REQUIREMENTS = APP / "requirements.txt"
# What pip-tools writes for a package of the project's own, which no index has and whose source is in the project.
OWN_PACKAGE = re.compile(r"^(?:\S+ @ file:|file:|\./|-e ).*\n(?:[ \t].*\n)*", re.MULTILINE)
HEADER = """\
# Made by "make lock" for Python {series}; change requirements.txt and run it again instead of editing this.
# sha256 of requirements.txt: {digest}
"""


def path_for(target: Target) -> Path:
    return APP / "locks" / f"py{target.python_series}.txt"


def tools_for(series: str) -> Path:
    """Return the requirements file with the pip-tools for a Python: its own, or that of all newer ones."""
    own = WHEELS / "lock-tools" / f"py{series}.txt"
    return own if own.is_file() else own.with_name("newer.txt")


def requirements_digest() -> str:
    """Return the sha256 of requirements.txt, with what the project's own packages say of their needs; Failure 78."""
    try:
        paths = [REQUIREMENTS, *local_packages.metadata_files()]
        return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    except OSError as error:
        raise Failure(SETTINGS, f"project/requirements.txt cannot be read: {error.strerror}") from error


def resolve(engine: Engine, target: Target, interpreter: Interpreter, output: Path) -> str:
    """Return the text of a new lock."""
    if path_for(target).exists():
        shutil.copyfile(path_for(target), output / "lock.txt")
    mounts = [
        Mount("FULL", interpreter.full),
        Mount("PROJECT", APP),
        Mount("LOCK_TOOLS", tools_for(target.python_series)),
        Mount("OUTPUT", output, writable=True),
        *network.mounts(),
    ]
    run(engine, JOB, {"SERIES": target.python_series, **network.environment()}, mounts)
    lines = (output / "lock.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    return OWN_PACKAGE.sub("", "".join(line for line in lines if not line.startswith("#")))


def text_of(engine: Engine, target: Target, interpreter: Interpreter) -> str:
    """Return the text of a new lock with its header."""
    digest = requirements_digest()
    with tempfile.TemporaryDirectory(dir=cache.directory("wheels"), prefix=".lock-") as directory:
        text = resolve(engine, target, interpreter, Path(directory))
    return HEADER.format(series=target.python_series, digest=digest) + text


def write(path: Path, text: str) -> None:
    """Replace a file of project/locks/ at once."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def check(target: Target) -> dict[str, str]:
    """Return what the lock pins; Failure 78 if it does not fit requirements.txt or lacks gunicorn."""
    path = path_for(target)
    name = f"project/locks/{path.name}"
    text = path.read_text(encoding="utf-8")
    if f"sha256 of requirements.txt: {requirements_digest()}\n" not in text:
        raise Failure(SETTINGS, f"project/requirements.txt has changed since {name} was made: run `make lock`")
    versions = wheel_tags.pinned(text)
    if "gunicorn" not in versions:
        raise Failure(SETTINGS, "the app is served by gunicorn: add it to project/requirements.txt, run `make lock`")
    return versions
