"""Where artefacts are installed: namespaces without a network, with a home and an account without rights."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.command import CommandFailed
from lab.sandbox import open_sandbox
from timing import Failed

FIRST_ANSWER = Path(__file__).with_name("first_answer.py")
LONGEST_SECONDS = 3600
PATH = "/usr/local/bin:/usr/bin:/bin"


class Place:
    """A home on a machine without a network; what runs in it ends with it."""

    def __init__(self, sandbox) -> None:
        self._sandbox = sandbox
        self.receive([FIRST_ANSWER])

    def receive(self, files: list[Path]) -> None:
        """Copy artefacts to the home, as scp would."""
        for file in files:
            copy = shutil.copy(file, self._sandbox.home)
            os.chown(copy, self._sandbox.account.pw_uid, -1)

    def clock(self, script: str, text: str, port: int = 1337) -> dict[str, float]:
        """Run a shell script until the app answers `text`; what first_answer.py prints. Raises Failed."""
        path = self._sandbox.home / "script.sh"
        path.write_text(script)
        result = self.run(["/usr/bin/python3", FIRST_ANSWER.name, path.name, str(port), text])
        return json.loads(result.splitlines()[-1])

    def run(self, command: list[str]) -> str:
        """Run a command in the home; its standard output. Raises Failed."""
        try:
            return self._sandbox.run(*command, cwd=self._sandbox.home, PATH=PATH, timeout=LONGEST_SECONDS).stdout
        except CommandFailed as reason:
            raise Failed(str(reason)) from reason


@contextmanager
def open_place() -> Iterator[Place]:
    """A new place, of which nothing is left afterwards."""
    with open_sandbox() as sandbox:
        yield Place(sandbox)
