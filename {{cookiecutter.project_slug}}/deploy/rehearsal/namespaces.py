"""A clean box as namespaces of this machine: its programs, but no network, no compiler and a home of its own."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.output import UNAVAILABLE, Failure
from rehearsal.bundle import Bundle
from rehearsal.place import RUN, hostile_environment, hostile_files, require_no_route

NAMESPACES = ["--net", "--mount", "--pid"]
# Stays alive as long as its standard input is open, and takes every process of the namespaces with it.
HOLD = ["unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc"]
AS_USER = ["--user", "--map-current-user", "--keep-caps"]
# $0 has the programs to hide. crontab's own directory belongs to root; this one does not, and no real one is touched.
INSIDE = """
ip link set lo up || exit
mount --bind /tmp /tmp && mount -o remount,bind,noexec,nosuid,nodev /tmp || exit
! [ -d /var/spool/cron/crontabs ] || mount -t tmpfs -o mode=1777 none /var/spool/cron/crontabs || exit
for name in $0; do
  program=$(command -v "$name") && program=$(readlink -f "$program") || continue
  mount --bind /dev/null "$program" || exit
done
echo ready
exec cat
"""
NOBODY = "nobody"
TESTS = Path(__file__).resolve().parents[2] / "tests"


class NamespacePlace:
    """See rehearsal.place.Place. Always user mode: root's mode would reach into this machine."""

    what = "this machine, in namespaces without a network and with a home of their own (user mode)"
    mode = "user"
    host = "local://"

    def __init__(self, process: int, home: Path) -> None:
        self._home = home
        self.enter = ["nsenter", "--target", str(process), *NAMESPACES, f"--wd={TESTS}"]
        self._account = getpass.getuser()
        self._drop: list[str] = []
        if os.geteuid() == 0:
            self._account = NOBODY
            self._drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={_group()}", "--clear-groups", "--"]
        else:
            self.enter += ["--user", "--preserve-credentials"]

    def prepare(self) -> None:
        """Make the hostile directory, and give the home to the account."""
        hostile = self._home / "hostile"
        hostile.mkdir()
        for name, data in hostile_files().items():
            (hostile / name).write_bytes(data)
            (hostile / name).chmod(0o755)
        self._give_home_away()

    def refuse_network(self) -> None:
        """Raise Failure 70 if there is a way out."""
        require_no_route(subprocess.run([*self.enter, "cat", "/proc/net/route"], capture_output=True, text=True).stdout)

    def write_app_env(self, _bundle: Bundle, settings: bytes) -> None:
        """Write the shared/app.env of the box, before its first release."""
        shared = self._home / "shared"
        shared.mkdir(mode=0o750)
        (shared / "app.env").touch(mode=0o600)
        (shared / "app.env").write_bytes(settings)

    def setup(self, bundle: Bundle) -> int:
        """Carry the bundle over and run setup.sh, showing what it prints; returns its exit code."""
        carried = self._home / "carried"
        carried.mkdir()
        for file in bundle.files:
            shutil.copy(file, carried)
        self._give_home_away()
        variables = hostile_environment(str(self._home / "hostile")) | {"HOME": str(self._home)}
        assignments = [f"{name}={value}" for name, value in variables.items()]
        inside = ["env", "-i", *assignments, "/bin/sh", "-c", RUN, str(carried), bundle.version, self._account]
        return subprocess.run([*self.enter, "--", *self._drop, *inside]).returncode

    def environment(self) -> dict[str, str]:
        """This machine's, with the home that was installed in."""
        return {**os.environ, "HOME": str(self._home)}

    def _give_home_away(self) -> None:
        if self._drop:
            for path in (self._home, *self._home.rglob("*")):
                shutil.chown(path, NOBODY, _group())


def _group() -> str:
    """nobody's group: nogroup on Debian, nobody elsewhere."""
    return subprocess.run(["id", "-gn", NOBODY], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def open_namespaces(unwanted: str) -> Iterator[NamespacePlace]:
    """Make them, and leave nothing of them. Raises Failure 69 where the kernel forbids it."""
    # Not below /tmp, where nothing can be executed inside.
    home = Path(tempfile.mkdtemp(prefix="offline-flask-rehearsal-", dir="/var/tmp"))
    command = [*HOLD[:1], *([] if os.geteuid() == 0 else AS_USER), *HOLD[1:], "sh", "-c", INSIDE, unwanted]
    try:
        holder = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise Failure(UNAVAILABLE, f"this machine makes no namespaces: {error}") from error
    try:
        if holder.stdout.readline() != "ready\n":
            raise Failure(UNAVAILABLE, f"this machine makes no namespaces: {holder.communicate()[1].strip()}")
        place = NamespacePlace(_first_process(holder.pid), home)
        place.prepare()
        yield place
    finally:
        holder.communicate()
        shutil.rmtree(home, ignore_errors=True)


def _first_process(holder: int) -> int:
    """Number 1 of the namespaces, as this machine numbers it: the one child of unshare."""
    return int(Path(f"/proc/{holder}/task/{holder}/children").read_text().split()[0])
