"""Where a bundle comes from, as BUNDLE's lines: what must be the same for the same bytes."""

import subprocess
import zlib
from typing import Optional

import pack
from builder import build_lock, inventory, lock
from builder.engine import Engine
from builder.settings import PROJECT
from builder.targets import Target


def of(engine: Engine, target: Target) -> dict[str, str]:
    """Return revision and engine, the operating system, the locks and the sources with their sha256.

    ZLIB is the library that compressed the bundle: another one may write other bytes for the same content.
    """
    locks = [path for path in (lock.path_for(target), build_lock.path_for(target)) if path.is_file()]
    sources = sorted(
        f"{source['name']}-{source['version']}={digest}"
        for source in inventory.compiled(target)
        for _url, digest in source["files"]
    )
    return {
        **revision(),
        "ENGINE": engine.name,
        **engine.provenance(),
        "LOCKS": " ".join(f"{path.name}={pack.file_sha256(path)}" for path in locks),
        "SOURCES": " ".join(sources),
        "ZLIB": zlib.ZLIB_RUNTIME_VERSION,
    }


def git(*arguments: str) -> Optional[str]:
    """Return what git prints about the project, None if there is no git or no repository."""
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def revision() -> dict[str, str]:
    commit = git("rev-parse", "--verify", "HEAD")
    changed = bool(commit and git("status", "--porcelain", "--", "."))
    return {"REVISION": commit or "none", "DIRTY": "yes" if changed else "no"}
