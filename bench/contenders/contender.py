"""What the bench asks of every contender."""

from abc import ABC, abstractmethod
from pathlib import Path

from timing import Run, timed
from workspace import Workspace

STOP = 'stop() { kill "$(cat "$1/gunicorn.pid")"; while [ -e "$1/gunicorn.pid" ]; do sleep 0.01; done; }\n'


class Contender(ABC):
    """One way to build one app, and the shell lines that install it.

    The lines run in the home of an account, where the artefacts of versions 1 and 2 lie.
    """

    name: str
    carries_interpreter = False
    takes_long = False

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.directory = workspace.directory

    @abstractmethod
    def build(self, version: str) -> Run:
        """Build the artefact of a version from the sources as they are, with whatever is cached. Raises Failed."""

    @abstractmethod
    def artefact(self, version: str) -> Path:
        """Where build() leaves it."""

    @abstractmethod
    def install(self, version: str) -> str:
        """Shell lines that put a version in service for the first time."""

    def forget(self) -> None:
        """Make the next build a cold one."""
        self.workspace.forget()

    def set_version(self, version: str) -> None:
        """Change one line of the app."""
        self.workspace.set_version(version)

    def files(self, version: str) -> list[Path]:
        """What has to be carried to the box."""
        return [self.artefact(version)]

    def upgrade(self) -> str:
        """Shell lines from version 1, in service, to 2."""
        return f"{self.unpack('2')}{STOP}stop {self.home('1')}\n{self.start('2')}"

    def rollback(self) -> str:
        """Shell lines from version 2 back to 1."""
        return f"{STOP}stop {self.home('2')}\n{self.start('1')}"

    def home(self, version: str) -> str:
        """The directory on the box where gunicorn of a version leaves gunicorn.pid."""
        return f"app-{version}"

    def unpack(self, version: str) -> str:
        """Shell lines that make home(version), with nothing started."""
        return f"mkdir -p {self.home(version)}\n"

    def start(self, version: str) -> str:
        """Shell lines that start a version that is unpacked."""
        raise NotImplementedError

    def run(self, *command: object, directory: Path | None = None, **variables: object) -> Run:
        """Run one command of a build, measured."""
        environment = self.workspace.environment(**variables)
        return timed([str(part) for part in command], directory or self.directory, environment)

    def tool(self, name: str) -> Path:
        """A peer's program."""
        return self.workspace.machine.tools / "bin" / name


class Peer(Contender):
    """A contender that is unpacked and started by hand."""

    def install(self, version: str) -> str:
        return self.unpack(version) + self.start(version)


def together(*runs: Run) -> Run:
    """Several commands, one after the other, as one."""
    return Run(sum(run.seconds for run in runs), max(run.memory for run in runs))
