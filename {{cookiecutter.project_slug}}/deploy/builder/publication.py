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


def state(path: Path, sums: pack.Member) -> Optional[list]:
    """Return what is to be the same for a bundle to be left as it is; None if it is not there."""
    try:
        found, sidecar = path.stat(), beside(path, ".sha256").read_text(encoding="utf-8")
    except OSError:
        return None
    stamp = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    return [stamp, sidecar, sums.sha256, cache.files_key(list(WRITERS)), zlib.ZLIB_RUNTIME_VERSION]


def is_there(path: Path, sums: pack.Member) -> bool:
    """Tell whether a bundle with this SHA256SUMS is in dist/ as it was written; it is signed again if need be."""
    now = state(path, sums)
    known = cache.read_record("built", cache.key(str(path)))
    if now is None or known is None or json.loads(known) != now:
        return False
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as directory:
        signature = Path(directory) / "signature"
        signing.sign(beside(path, ".sha256"), signature)
        if signature.exists():
            os.replace(signature, beside(path, ".sha256.sig"))
    return True


def publish(path: Path, parts: list[list[pack.Member]], sums: pack.Member) -> None:
    """Write the tarball, its sidecar and the signature and move them into place: nothing half-made is left."""
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
    cache.write_record("built", cache.key(str(path)), json.dumps(state(path, sums)).encode())
