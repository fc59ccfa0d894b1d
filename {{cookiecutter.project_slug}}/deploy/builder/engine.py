"""What an engine is: where scripts of wheels/ are run, with the target's operating system around them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from builder import cache
from builder.process import failure, log_file
from builder.settings import WHEELS

# A script sees these and nothing else of the caller's environment.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_INPUT": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Mount(NamedTuple):
    """A file or directory handed to a script, which finds its path in that environment variable."""

    variable: str
    path: Path
    writable: bool = False


class Engine(Protocol):
    """One target's operating system: a container's, or this machine's own.

    name is docker or host; system names the operating system for people.
    """

    name: str
    system: str

    def prepare(self) -> None:
        """See to it that the packages for compiling are there; Failure 69 if they cannot be."""

    def is_cached(self) -> bool:
        """Tell whether prepare() would find everything there; identity() can be asked then."""

    def with_packages(self, packages: Path) -> "Engine":
        """Return the same system with the packages of a file, one name a line, besides its own; Failure 69."""

    def identity(self) -> str:
        """Return a key that changes with the operating system and its packages."""

    def provenance(self) -> dict[str, str]:
        """Return lines for BUNDLE that tell which operating system it is, IMAGE among them."""

    def execute(
        self, script: Path, environment: dict[str, str], mounts: list[Mount], networked: bool, log: Path
    ) -> int:
        """Run a script and return its exit status; its output goes to log."""


class Job(NamedTuple):
    """What a script does, for the message where it fails with the exit code that goes with it."""

    script: str
    what: str
    code: int
    network: bool = False


def run(engine: Engine, job: Job, environment: dict[str, str], mounts: list[Mount]) -> None:
    """Run a script of wheels/; Failure with the job's code and the log's end if it does not succeed."""
    readable = [str(mount.path) for mount in mounts if not mount.writable]
    log = log_file(f"{job.script[: -len('.sh')]}-{cache.key(engine.identity(), environment, readable)}")
    status = engine.execute(WHEELS / job.script, {**ENVIRONMENT, **environment}, mounts, job.network, log)
    if status:
        raise failure(job.code, f"{job.what} failed with status {status}", engine.system, log)


@contextmanager
def worktree(made: Path) -> Iterator[Mount]:
    """Make the directory that a script fills, and yield one beside it to work in, which goes afterwards."""
    work = made.with_name("work")
    for directory in (made, work):
        directory.mkdir()
    yield Mount("WORK", work, writable=True)
    shutil.rmtree(work)
