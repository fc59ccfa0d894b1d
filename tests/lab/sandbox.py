"""In place of a box: namespaces without a network, with a home and an account without rights; nobody need be root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.command import run
from lab.skip import Unavailable

# Who is not root makes namespaces in a namespace of users; who is gives up root in them for an account without rights.
OWN_USERS = ["--user", "--map-current-user", "--keep-caps"]
ACCOUNT_FOR_ROOT = "nobody"
# Stays alive as long as its standard input is open, and takes every process of the namespaces with it.
HOLD = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]
# crontab's own directory belongs to root; this one does not, and nobody's real crontab is touched.
INSIDE = """
ip link set lo up || exit
! [ -d /var/spool/cron/crontabs ] || mount -t tmpfs -o mode=1777 none /var/spool/cron/crontabs || exit
echo ready
exec cat
"""


class Sandbox:
    """A place to run commands as `account`, with `home` as home directory and no network but 127.0.0.1."""

    def __init__(self, process: int, home: Path, account: pwd.struct_passwd) -> None:
        self.home = home
        self.account = account
        self._enter = ["nsenter", "--target", str(process), "--net", "--mount", "--pid"]
        self._become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        if os.geteuid() != 0:
            self._enter += ["--user", "--preserve-credentials"]
            self._become = []

    def run(
        self, *command: str | Path, cwd: Path, check: bool = True, timeout: float = 600, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the directory `cwd`. Raises CommandFailed when it exits non-zero and `check` is set."""
        environment = {**os.environ, "HOME": str(self.home), **variables}
        return run(
            *self._enter, f"--wd={cwd}", "--", *self._become, *command, check=check, env=environment, timeout=timeout
        )


@contextmanager
def open_sandbox() -> Iterator[Sandbox]:
    """A sandbox with an empty home; nothing is left of it. Raises Unavailable where the kernel forbids it."""
    home = Path(tempfile.mkdtemp(prefix="offline-flask-"))
    root = os.geteuid() == 0
    account = pwd.getpwnam(ACCOUNT_FOR_ROOT) if root else pwd.getpwuid(os.geteuid())
    os.chown(home, account.pw_uid, account.pw_gid)
    command = ["unshare", *([] if root else OWN_USERS), *HOLD, INSIDE]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if holder.stdout.readline() != "ready\n":
            raise Unavailable(f"this machine makes no namespaces: {holder.communicate()[1].strip()}")
        yield Sandbox(first_process(holder.pid), home, account)
    finally:
        holder.communicate()
        shutil.rmtree(home, ignore_errors=True)


def first_process(holder: int) -> int:
    """Number 1 of the namespaces, as this machine numbers it: the one child of unshare."""
    return int(Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0])
