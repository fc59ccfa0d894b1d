"""How a bundle gets into dist/, whole or not at all, with its sidecar and signature; and how one there is known."""

import json
import os
import tempfile
import zlib
from pathlib import Path
from typing import Optional

import layers
import pack
from builder import cache, signing
from builder.settings import DEPLOY

# What decides a bundle's bytes besides its members.
WRITERS = (DEPLOY / "layers.py", DEPLOY / "builder" / "bundle.py")


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def sums_of_former(path: Path) -> str:
    """Return the sha256 of the SHA256SUMS of the bundle that is there, by its sidecar; "" if there is none."""
    try:
        return beside(path, ".sha256").read_text(encoding="utf-8").split()[2] if path.exists() else ""
    except (OSError, UnicodeDecodeError, IndexError):
        return ""


def digest_of_head(parts: list[list[pack.Member]]) -> str:
    return pack.content_digest(parts[0])


def state(path: Path, sums: pack.Member, head: str) -> Optional[list]:
    """Return what is to be the same for a bundle to be left as it is; None if it is not there."""
    try:
        found, sidecar = path.stat(), beside(path, ".sha256").read_text(encoding="utf-8")
    except OSError:
        return None
    stamp = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    return [head, stamp, sidecar, sums.sha256, cache.files_key(list(WRITERS)), zlib.ZLIB_RUNTIME_VERSION]


def known_state(path: Path) -> Optional[list]:
    """Return the state of a bundle as it was when it was written, None if it was not written here."""
    known = cache.read_record("built", cache.key(str(path)))
    return json.loads(known) if known else None


def head_digest(path: Path) -> str:
    """Return the name of the cached layer with the head of a bundle that was written here, "" if there was none."""
    return (known_state(path) or [""])[0]


def is_there(path: Path, parts: list[list[pack.Member]], sums: pack.Member) -> bool:
    """Tell whether a bundle with this head is in dist/ as it was written; it is signed again if need be."""
    now = state(path, sums, digest_of_head(parts))
    if now is None or known_state(path) != now:
        return False
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as directory:
        signature = Path(directory) / "signature"
        signing.sign(beside(path, ".sha256"), signature)
        if signature.exists():
            os.replace(signature, beside(path, ".sha256.sig"))
    return True


def publish(path: Path, parts: list[list[pack.Member]], sums: pack.Member) -> bool:
    """Write a tarball, its sidecar and the signature and move them into place: nothing half-made is left.

    The first of parts is the head. Return False if all of that was there already, and was left alone.
    """
    if is_there(path, parts, sums):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as directory:
        archive = Path(directory) / path.name
        sidecar, signature = beside(archive, ".sha256"), beside(archive, ".sha256.sig")
        digest = layers.write_archive(parts, cache.directory("layers"), archive)
        sidecar.write_text(f"{digest}  {path.name}\n{sums.sha256}  {sums.path}\n", encoding="utf-8")
        signing.sign(sidecar, signature)
        beside(path, ".sha256.sig").unlink(missing_ok=True)
        for made in (archive, sidecar, signature):
            if made.exists():
                os.replace(made, path.with_name(made.name))
    record = json.dumps(state(path, sums, digest_of_head(parts)))
    cache.write_record("built", cache.key(str(path)), record.encode())
    return True


def remove_other_forms(path: Path) -> None:
    """Remove what else there was of a bundle before, deltas and a small form: they would make another release of it."""
    release = path.name[: -len(".tar.gz")]
    for pattern in (f"{release}-since-*.delta*", f"{release}.tar.xz*"):
        for stale in path.parent.glob(pattern):
            stale.unlink()
