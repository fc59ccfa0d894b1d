"""The cache outside of the project: entries named by a hash of what made them, written whole or not at all.

An entry is a directory, which never changes once it is there; a record is a file, which is checked when it is read.

Two builds at once may share it; deleting it only costs time.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Optional

import pack
from builder.output import UNAVAILABLE, Failure, detail


def directory(kind: str) -> Path:
    """Return the cache's directory for one kind of entry, such as "sources", made if need be."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a path that is not absolute is to be ignored.
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    path = root / "offline-flask" / kind
    path.mkdir(parents=True, exist_ok=True)
    return path


def holds(path: Path) -> bool:
    """Tell whether a file is one of the cache's."""
    return directory("logs").parent in path.parents


def damaged(path: Path) -> Failure:
    """Return the Failure for a file of an entry that is not what it was when the entry was made."""
    kinds = directory("logs").parent
    entry = kinds.joinpath(*path.relative_to(kinds).parts[:2])
    return Failure(UNAVAILABLE, f"the cache is damaged: {path} has changed; remove it and build again: rm -rf {entry}")


def key(*parts: object) -> str:
    """Return 16 hex digits that change when any of the parts (anything that JSON can hold) changes."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def files_key(paths: list[Path]) -> str:
    """Return a key over names and contents of files."""
    return key([(path.name, pack.file_sha256(path)) for path in paths])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, waiting for its holder; the system frees it when the process ends."""
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            detail("waiting for another build that is making the same thing")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def entry(kind: str, name: str, make: Callable[[Path], None]) -> Path:
    """Return the entry's directory; where there is none yet, make(temporary directory) fills it."""
    final = directory(kind) / name
    if final.is_dir():
        return final
    with locked(directory(kind) / f".{name}.lock"):
        if not final.is_dir():
            make_entry(final, make)
    return final


def make_entry(final: Path, make: Callable[[Path], None]) -> None:
    prefix = f".{final.name}-"
    for left_over in final.parent.glob(prefix + "*"):  # of a build that was killed: the lock is ours
        shutil.rmtree(left_over)
    temporary = Path(tempfile.mkdtemp(dir=final.parent, prefix=prefix))
    try:
        temporary.chmod(0o755)
        make(temporary)
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_record(kind: str, name: str) -> Optional[bytes]:
    """Return what write_record() was given; None if there is no such record, or a damaged one."""
    try:
        digest, _newline, content = (directory(kind) / name).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None


def write_record(kind: str, name: str, content: bytes) -> None:
    """Remember content, whole or not at all; the last of several at once is kept."""
    final = directory(kind) / name
    with tempfile.NamedTemporaryFile(dir=final.parent, prefix=f".{name[:100]}-", delete=False) as temporary:
        try:
            temporary.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            temporary.close()
            os.replace(temporary.name, final)
        except BaseException:
            os.unlink(temporary.name)
            raise
