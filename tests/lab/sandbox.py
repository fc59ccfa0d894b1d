"""For those who are not root, in place of a box: namespaces without a network, with a home of their own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.command import run
from lab.skip import Unavailable

# Stays alive as long as its standard input is open, and takes every process of the namespaces with it.
HOLD = ["unshare", "--user", "--map-current-user", "--keep-caps", "--net", "--mount", "--pid", "--fork"]
HOLD += ["--kill-child", "--mount-proc", "sh", "-c"]
# crontab's own directory belongs to root; this one does not, and nobody's real crontab is touched.
INSIDE = """
ip link set lo up || exit
! [ -d /var/spool/cron/crontabs ] || mount -t tmpfs -o mode=0700 none /var/spool/cron/crontabs || exit
echo ready
exec cat
"""


class Sandbox:
    """A place to run commands with `home` as home directory and no network but 127.0.0.1."""

    def __init__(self, process: int, home: Path) -> None:
        self.home = home
        self._enter = ["nsenter", "--target", str(process), "--preserve-credentials"]
        self._enter += ["--user", "--net", "--mount", "--pid"]

    def run(
        self, *command: str | Path, cwd: Path, check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the directory `cwd`. Raises CommandFailed when it exits non-zero and `check` is set."""
        environment = {**os.environ, "HOME": str(self.home), **variables}
        return run(*self._enter, f"--wd={cwd}", "--", *command, check=check, env=environment, timeout=600)


@contextmanager
def open_sandbox() -> Iterator[Sandbox]:
    """A sandbox with an empty home; nothing is left of it. Raises Unavailable where the kernel forbids it."""
    home = Path(tempfile.mkdtemp(prefix="offline-flask-"))
    holder = subprocess.Popen(
        [*HOLD, INSIDE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        if holder.stdout.readline() != "ready\n":
            raise Unavailable(f"this machine makes no namespaces: {holder.communicate()[1].strip()}")
        yield Sandbox(first_process(holder.pid), home)
    finally:
        holder.communicate()
        shutil.rmtree(home, ignore_errors=True)


def first_process(holder: int) -> int:
    """Number 1 of the namespaces, as this machine numbers it: the one child of unshare."""
    return int(Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0])
