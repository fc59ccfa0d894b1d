"""A box: a booted Debian server with sshd, nginx, cron and sudo; no Python, no compiler, no route out.

with boot_box("debian-12") as box:
    box.ssh("hostname")
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab import machine
from lab.base_root import BaseRoot, base_root
from lab.berth import Berth, clear_stale_berths, take_berth
from lab.command import CommandFailed, run, wait_until
from lab.network import join
from lab.skip import Unavailable
from lab.web import get

BOOT_SECONDS = 60


class BoxFailed(Exception):
    """The box did not come up; the message holds the end of its console."""


@contextmanager
def boot_box(os_version: str = "debian-12", keep: bool = False, more: tuple[str, ...] = ()) -> Iterator["Box"]:
    """Boot a new box of `os_version` (debian-11, -12, -13), and put it away afterwards unless `keep` is set.

    `more` are packages besides those of every box, such as a Python, which no other box has.
    The first of an `os_version` on a machine takes minutes (its base is made), every other about a second.
    Raises Unavailable where this machine cannot boot one.
    """
    require_nspawn()
    base = base_root(os_version, more)
    clear_stale_berths()
    berth = take_berth(base.root)
    try:
        box = Box(berth, base)
        box.power_on()
        yield box
        if keep:
            berth.keep()
    finally:
        if not berth.kept:
            box.power_cut()
            berth.leave()


def require_nspawn() -> None:
    """Raise Unavailable where systemd-nspawn cannot be started."""
    if os.geteuid() != 0:
        raise Unavailable("a box is booted by systemd-nspawn, which needs root")
    if not shutil.which("systemd-nspawn"):
        raise Unavailable("a box is booted by systemd-nspawn, which is not installed; run make setup")


class Box:
    """One booted box. root, deploy (sudo without a password) and app (no sudo) log in with the lab's key."""

    def __init__(self, berth: Berth, base: BaseRoot) -> None:
        self.name = berth.cable.namespace
        self.address = berth.cable.address
        self.root = berth.root
        self.console = berth.directory / "console.log"
        self.ssh_config = berth.directory / "ssh_config"
        self._cable = berth.cable
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._write_names()
        self._write_ssh_config(base)

    def ssh(
        self,
        command: str,
        user: str = "root",
        check: bool = True,
        input: str | None = None,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run the shell line `command` as `user` with `input` on standard input; `timeout` is in seconds.

        Raises CommandFailed when it exits non-zero and `check` is set; ssh's own failure is exit code 255.
        """
        destination = f"{user}@{self.address}"
        return run("ssh", "-F", self.ssh_config, destination, command, check=check, input=input, timeout=timeout)

    def copy_to(self, local: Path | str, remote: str, user: str = "root") -> None:
        """Copy the file or directory `local` to the path `remote` in the box, as `user`."""
        run("scp", "-q", "-r", "-F", self.ssh_config, local, f"{user}@{self.address}:{remote}", timeout=300)

    def join(self, other: "Box") -> None:
        """Lay a cable to another box: until one of them is put away or cut off they reach each other, and no third."""
        join(self._cable, other._cable)

    def get(self, path: str = "/") -> str:
        """The page that nginx gives this machine at http://ADDRESS`path`. Raises urllib.error.URLError."""
        return get(f"http://{self.address}{path}")

    def power_on(self) -> None:
        """Boot, and return when everything that starts at boot has started. Raises BoxFailed."""
        self._nspawn = machine.power_on(self._cable, self.root, self.console)
        if not wait_until(self._lets_in, BOOT_SECONDS):
            raise BoxFailed(
                f"nobody can log in to {self.name} {BOOT_SECONDS} seconds after power on{self._last_words()}"
            )
        state = self.ssh("systemctl is-system-running --wait", check=False).stdout.strip()
        if state != "running":
            failed = self.ssh("systemctl --failed --no-legend --plain", check=False).stdout
            raise BoxFailed(f"{self.name} is {state}, not running:\n{failed}{self._last_words()}")

    def power_off(self) -> None:
        """Shut down in order and wait for its end."""
        machine.power_off(self._nspawn)

    def reboot(self) -> None:
        """Shut down in order and boot again."""
        self.power_off()
        self.power_on()

    def power_cut(self) -> None:
        """Stop at once, as when the plug is pulled.

        What was written but not synced is there afterwards all the same: this machine's kernel has it.
        """
        if self._nspawn:
            self._nspawn.kill()
        machine.power_cut(self._cable)
        if self._nspawn:
            self._nspawn.wait()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30) -> bool:
        """Ask `condition` until it is true or `seconds` are over; a failing command in it means not yet."""

        def holds() -> bool:
            with suppress(CommandFailed):
                return condition()
            return False

        return wait_until(holds, seconds)

    def _lets_in(self) -> bool:
        if self._nspawn.poll() is not None:
            raise BoxFailed(f"{self.name} ended with code {self._nspawn.returncode} while booting{self._last_words()}")
        return self._listens(22) and self.ssh("true", user="deploy", check=False).returncode == 0

    def _listens(self, port: int) -> bool:
        with suppress(OSError), socket.create_connection((self.address, port), timeout=1):
            return True
        return False

    def _last_words(self) -> str:
        return "; the end of its console:\n" + self.console.read_text(errors="replace")[-3000:]

    def _write_names(self) -> None:
        (self.root / "etc/hostname").write_text(f"{self.name}\n")
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n")

    def _write_ssh_config(self, base: BaseRoot) -> None:
        known_hosts = self.ssh_config.with_name("known_hosts")
        known_hosts.write_text(f"{self.address} {base.host_key}\n")
        self.ssh_config.write_text(
            f"Host {self.address}\n"
            f'  IdentityFile "{base.client_key}"\n'
            "  IdentitiesOnly yes\n"
            f'  UserKnownHostsFile "{known_hosts}"\n'
            "  GlobalKnownHostsFile /dev/null\n"
            "  StrictHostKeyChecking yes\n"
            "  BatchMode yes\n"
            "  ConnectTimeout 5\n"
        )
