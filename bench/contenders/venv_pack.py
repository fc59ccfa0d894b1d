"""venv-pack: a virtual environment as a tarball; the box's own Python runs it."""

import shutil
from pathlib import Path

from contenders.contender import Peer, together
from timing import Run


class VenvPack(Peer):
    """https://jcristharif.com/venv-pack"""

    name = "venv-pack"

    def build(self, version: str) -> Run:
        environment = self.directory / "build" / "venv"
        pip = [environment / "bin" / "pip", "install", "--quiet", "--requirement", self.workspace.lock]
        pack = [self.tool("venv-pack"), "--force", "--prefix", environment, "--output", self.artefact(version)]
        runs = [] if environment.exists() else [self.run(self.workspace.machine.python, "-m", "venv", environment)]
        runs.append(self.run(*pip))
        shutil.copytree(self.workspace.sources, environment / "app", dirs_exist_ok=True)
        return together(*runs, self.run(*pack))

    def artefact(self, version: str) -> Path:
        return self.directory / f"app-{version}.tar.gz"

    def unpack(self, version: str) -> str:
        return f"mkdir -p {self.home(version)}\ntar -xzf app-{version}.tar.gz -C {self.home(version)}\n"

    def start(self, version: str) -> str:
        options = self.workspace.machine.gunicorn_options
        gunicorn = f"bin/python bin/gunicorn --chdir app {options.replace('gunicorn.pid', '$PWD/gunicorn.pid')}"
        return f"(cd {self.home(version)} && {gunicorn} app:app)\n"
