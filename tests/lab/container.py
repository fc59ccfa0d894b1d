"""A box on which systemd does not run: the base root tree as a container without a network, with cron as its boot."""

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from docker.models.containers import Container

from lab.base_root import base_root
from lab.command import CommandFailed, wait_until
from lab.engine import docker_engine, has_image, import_image

# A machine's root may look at every process; Docker's default takes that away.
CAPABILITIES = ["SYS_PTRACE"]
# cron runs its @reboot lines only where this file, of a directory that is empty after a boot, is not there yet.
BOOT = "rm -f /run/crond.reboot && exec cron -f"


class PlainBox:
    """A running container; root and app are its users."""

    def __init__(self, container: Container) -> None:
        self._container = container

    @property
    def id(self) -> str:
        """What testinfra's docker:// takes."""
        return self._container.id

    @property
    def network(self) -> Path:
        """Its network namespace."""
        self._container.reload()
        return Path("/proc", str(self._container.attrs["State"]["Pid"]), "ns/net")

    def run(self, command: str, user: str = "root", check: bool = True) -> str:
        """Run a shell line; returns what it printed. Raises CommandFailed when it exits non-zero and `check` is set."""
        code, output = self._container.exec_run(["sh", "-c", command], user=user)
        text = output.decode(errors="replace")
        if check and code != 0:
            raise CommandFailed(f"exit {code} from: {command}\n{text[-3000:]}")
        return text

    def copy_to(self, local: Path, directory: str) -> None:
        """Copy a file into a directory of the box."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(local, local.name)
        self._container.put_archive(directory, archive.getvalue())

    def wait_for(self, line: str, printed: str, seconds: float = 30) -> bool:
        """Wait until a shell line prints that, and nothing else."""
        return wait_until(lambda: self.run(line, check=False) == printed, seconds)

    def reboot(self) -> None:
        """Kill everything, and boot again."""
        self._container.kill()
        self._container.start()


@contextmanager
def plain_box(os_version: str = "debian-12") -> Iterator[PlainBox]:
    """Run one, and remove it afterwards. Raises Unavailable where this machine cannot."""
    base = base_root(os_version)
    with closing(docker_engine()) as engine:
        tag = f"offline-flask/lab:{base.directory.name}"
        if not has_image(engine, tag):
            with tempfile.TemporaryDirectory() as directory:
                archive = Path(directory, "root.tar")
                with tarfile.open(archive, "w") as tar:
                    tar.add(base.root, arcname=".")
                import_image(engine, archive, tag)
        container = engine.containers.run(
            tag, ["sh", "-c", BOOT], detach=True, init=True, network_mode="none", cap_add=CAPABILITIES
        )
        try:
            yield PlainBox(container)
        finally:
            container.remove(force=True)
