"""Where the demo installs: on a box, or, without root, in a sandbox on this machine."""

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from lab.box import Box, boot_box
from lab.cache import lab_cache
from lab.command import CommandFailed
from lab.project import Project
from lab.sandbox import Sandbox, open_sandbox

# What a box has and a machine may lack, and the words of the checks that are red without it.
TOOLS_OF_CHECKS = {"crontab": "(crontab)", "logrotate": "the rotation of the logs"}


class Place(Protocol):
    """What the demo asks of it.

    `what` it is, what is `skipped` there and why, the app's `url`, and the way in for people (`login`) and for
    the project's verbs (`options`).
    """

    what: str
    skipped: str
    url: str
    login: str
    options: str

    def deploy(self, project: Project, version: str) -> None:
        """Install and put in service. Raises CommandFailed."""

    def verify(self, project: Project, version: str) -> None:
        """Compare with the bundle. Raises CommandFailed."""

    def get(self, path: str) -> str:
        """The app's answer to a GET of `path`."""


class OnABox:
    """Root mode on a booted box, by ssh."""

    skipped = ""

    def __init__(self, box: Box, debian: str) -> None:
        self.what = f"a booted Debian {debian} box with no route out (systemd-nspawn)"
        self.url = f"http://{box.address}"
        self.login = f"ssh -F {box.ssh_config} root@{box.address}"
        self.options = f"HOST=root@{box.address} USERNAME=app SSH_CONFIG={box.ssh_config}"
        self.get = box.get
        self._login = {"HOST": f"root@{box.address}", "SSH_CONFIG": box.ssh_config}

    def deploy(self, project: Project, version: str) -> None:
        """By `make deploy`."""
        project.show("deploy", VERSION=version, USERNAME="app", **self._login)

    def verify(self, project: Project, version: str) -> None:
        """By `make verify`."""
        project.show("verify", VERSION=version, **self._login)


class InASandbox:
    """User mode on this machine without its network, by setup.sh itself."""

    what = "this machine, in namespaces without a network and with a home of their own"
    url = "http://127.0.0.1:1337"
    login = options = ""

    def __init__(self, sandbox: Sandbox) -> None:
        self.skipped = "the booted box with systemd, nginx and ssh, and so root mode: they need root"
        self._sandbox = sandbox

    def deploy(self, project: Project, version: str) -> None:
        """By carrying over what make deploy would upload."""
        home, tarball = self._sandbox.home, project.tarball(version)
        for file in (tarball, Path(f"{tarball}.sha256"), project.root / "deploy/setup.sh"):
            shutil.copy(file, home)
        show(self._sandbox.run("sh", "setup.sh", version, getpass.getuser(), cwd=home))

    def verify(self, project: Project, version: str) -> None:
        """By `make verify HOST=local`, with the tools that were installed while there was a network."""
        project.run("deploy/tools.sh")
        command = ["make", "--no-print-directory", "verify", "HOST=local", f"VERSION={version}"]
        cache = str(lab_cache().parents[1])
        result = self._sandbox.run(*command, cwd=project.root, check=False, XDG_CACHE_HOME=cache)
        show(result)
        red = [line for line in result.stdout.splitlines() if line.lstrip().startswith("RED ")]
        missing = [tool for tool in TOOLS_OF_CHECKS if not shutil.which(tool)]
        if red and all(any(TOOLS_OF_CHECKS[tool] in line for tool in missing) for line in red):
            self.skipped += f"; what needs {' and '.join(missing)}: this machine has none"
        elif result.returncode != 0:
            raise CommandFailed(f"exit {result.returncode} from: {' '.join(command)}; see above")

    def get(self, path: str) -> str:
        """By the bundle's own Python: a machine may have no curl."""
        script = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode(), end='')"
        python = self._sandbox.home / "current/venv/bin/python"
        return self._sandbox.run(python, "-c", script, self.url + path, cwd=self._sandbox.home).stdout


def show(result: subprocess.CompletedProcess[str]) -> None:
    """What it printed, for people."""
    print(result.stdout, end="", flush=True)
    print(result.stderr, end="", file=sys.stderr, flush=True)


@contextmanager
def open_place(debian: str, keep: bool) -> Iterator[Place]:
    """A place for a bundle that was built for that release of Debian. Raises Unavailable."""
    if os.geteuid() == 0:
        with boot_box(f"debian-{debian}", keep) as box:
            yield OnABox(box, debian)
    else:
        with open_sandbox() as sandbox:
            yield InASandbox(sandbox)
