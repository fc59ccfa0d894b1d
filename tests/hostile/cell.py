"""A cell: this machine's own system in namespaces, in which setup.sh may run as root; every file written is seen.

The cell's root is an overlay over /, whose upper layer takes whatever is written; /opt, /home, /srv and /tmp are empty
file systems of the cell's own. There is no network and no process of the machine's.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from box_home import SETUP
from lab.sandbox import first_process
from lab.skip import Unavailable

USERNAME = "nobody"
USER, GROUP = 65534, 65534
# Lives as long as its standard input is open. $1 is an empty directory, $2 the account, which gets a home.
HOLD = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-ec"]
INSIDE = """
cd "$1"
mount -t tmpfs -o mode=755 cell .
cd "$1"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work cell root
for directory in opt home srv; do mount -t tmpfs -o mode=755,size=1g none root/$directory; done
mount -t tmpfs -o mode=1777,size=64m none root/tmp
sed "s|^$2:\\(.*\\):[^:]*:\\([^:]*\\)|$2:\\1:/home/$2:\\2|" /etc/passwd >passwd
mount --bind passwd root/etc/passwd
mount -t proc proc root/proc
mount --bind /dev root/dev
echo ready
exec cat
"""


class Cell:
    """`opt`, `home` and `inbox` are directories of the cell as this machine sees them; the last is for bundles."""

    def __init__(self, process: int, directory: str) -> None:
        place = Path(f"/proc/{process}/root{directory}")
        self.opt, self.home, self.inbox = (place / "root" / name for name in ("opt", "home", "srv"))
        self._temporary = place / "root/tmp"
        self._upper = place / "upper"
        self._enter = ["nsenter", f"--target={process}", "--mount", "--net", "--pid", "chroot", f"{directory}/root"]
        self.clear()

    def clear(self) -> None:
        """Empty the three directories, and lay setup.sh into the inbox."""
        for directory in (self.opt, self.home, self.inbox):
            for entry in directory.iterdir():
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        shutil.copy(SETUP, self.inbox)
        (self.home / USERNAME).mkdir()
        os.chown(self.home / USERNAME, USER, GROUP)

    def run(self, *command: str, root: bool, environment: dict[str, str] | None = None, seconds: int = 60):
        """Run a command in the inbox, as root or as USERNAME; a command that takes longer is TimeoutExpired."""
        home = "/root" if root else f"/home/{USERNAME}"
        person = [] if root else ["setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups"]
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, **(environment or {})}
        within = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        return subprocess.run(
            [*self._enter, "sh", "-c", 'cd /srv && exec "$@"', "sh", *person, *within, *command],
            capture_output=True,
            timeout=seconds,
        )

    def written_elsewhere(self) -> list[str]:
        """Whatever was written, made, changed or removed in the cell, but for the three directories."""
        layers = (self._upper, self._temporary)
        return [str(path.relative_to(layer)) for layer in layers for path in layer.rglob("*")]


@contextmanager
def open_cell() -> Iterator[Cell]:
    """A new cell; nothing is left of it. Raises Unavailable where this account or the kernel makes none."""
    if os.geteuid() != 0:
        raise Unavailable("a cell, in which setup.sh runs as root, takes root")
    directory = tempfile.mkdtemp(prefix="offline-flask-")
    holder = subprocess.Popen(
        [*HOLD, INSIDE, "sh", directory, USERNAME],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if holder.stdout.readline() != "ready\n":
            raise Unavailable(f"this machine makes no cell: {holder.communicate()[1].strip()}")
        yield Cell(first_process(holder.pid), directory)
    finally:
        holder.communicate()
        os.rmdir(directory)
