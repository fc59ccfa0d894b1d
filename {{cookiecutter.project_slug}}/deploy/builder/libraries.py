"""Libraries that a Python needs and its system lacks or has too old: compiled from source, static, and cached."""

from pathlib import Path

from builder import cache, sources
from builder.engine import Engine, Job, Mount, run, worktree
from builder.output import INTERNAL
from builder.pairs import Pair
from builder.settings import WHEELS

OPENSSL = Job("build-openssl.sh", "compiling OpenSSL", INTERNAL)
OTHERS = Job("build-autoconf-library.sh", "compiling a library", INTERNAL)


def job_of(name: str) -> Job:
    return OPENSSL if name == "openssl" else OTHERS


def build(engine: Engine, name: str, version: str, ending: str = "") -> Path:
    """Return the cache entry with include/ and lib/ of a library; ending as in sources.tarball."""
    job = job_of(name)

    def make(entry: Path) -> None:
        source = Mount("SOURCE", sources.tarball(name, version, ending))
        library = Mount("LIBRARY", entry / "library", writable=True)
        with worktree(library.path) as work:
            run(engine, job, {"NAME": name, "VERSION": version}, [source, library, work])

    inputs = [name, version, sources.checksums(name, version), engine.identity()]
    key = cache.key(*inputs, cache.files_key([WHEELS / job.script]))
    return cache.entry("libraries", f"{name}-{version}-{key}", make) / "library"


def mounts(engine: Engine, pair: Pair, ending: str = "") -> list[Mount]:
    """Return what build-python.sh is to use in place of the system's libraries."""
    return [Mount(f"LIBRARY_{name.upper()}", build(engine, name, version, ending)) for name, version in pair.libraries]
