"""pex: one file, unpacked to a cache by its first start; the box's own Python runs it."""

from pathlib import Path

from contenders.contender import Peer
from timing import Run


class Pex(Peer):
    """https://docs.pex-tool.org"""

    name = "pex"

    def build(self, version: str) -> Run:
        sources = ["--sources-directory", self.workspace.sources, "--requirement", self.workspace.lock]
        made = ["--console-script", "gunicorn", "--output-file", self.artefact(version)]
        return self.run(self.tool("pex"), "--python", self.workspace.machine.python, *sources, *made)

    def artefact(self, version: str) -> Path:
        return self.directory / f"app-{version}.pex"

    def start(self, version: str) -> str:
        options = self.workspace.machine.gunicorn_options
        return f"(cd {self.home(version)} && ../app-{version}.pex {options} app:app)\n"
