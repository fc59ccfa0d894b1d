"""shiv: one file, unpacked to a cache by its first start; the box's own Python runs it."""

from pathlib import Path

from contenders.contender import Peer
from timing import Run


class Shiv(Peer):
    """https://shiv.readthedocs.io"""

    name = "shiv"

    def build(self, version: str) -> Run:
        made = ["--console-script", "gunicorn", "--python", self.workspace.machine.python]
        parts = ["--site-packages", self.workspace.sources, "--requirement", self.workspace.lock]
        return self.run(self.tool("shiv"), *made, "--output-file", self.artefact(version), *parts)

    def artefact(self, version: str) -> Path:
        return self.directory / f"app-{version}.pyz"

    def start(self, version: str) -> str:
        options = self.workspace.machine.gunicorn_options
        return f"(cd {self.home(version)} && ../app-{version}.pyz {options} app:app)\n"
