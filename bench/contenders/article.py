"""The article's own steps: wheels and Python's source in a tarball; the box compiles it, and pip installs."""

import json
import shutil
from pathlib import Path

from contenders.contender import Peer, together
from lab.project import TEMPLATE
from timing import Run


class Article(Peer):
    """What this project grew out of."""

    name = "the article's steps"
    carries_interpreter = takes_long = True

    def build(self, version: str) -> Run:
        release = self.directory / "build" / f"app-v{version}"
        shutil.copytree(self.workspace.sources, release, dirs_exist_ok=True)
        # Where our own build has put it: fetching it is not measured.
        python = json.loads((TEMPLATE / "cookiecutter.json").read_text())["python_version"]
        shutil.copy(self.directory.parent.parent / f"sources/Python-{python}.tarball", release / "python.tar")
        shutil.copy(self.workspace.lock, release / "requirements.txt")
        wheels = ["download", "--quiet", "--only-binary", ":all:", "--requirement", self.workspace.lock]
        fetched = self.run(self.tool("pip"), *wheels, "--dest", release / "wheels")
        return together(fetched, self.run("tar", "-czf", self.artefact(version), "-C", "build", release.name))

    def artefact(self, version: str) -> Path:
        return self.directory / f"app-v{version}.tar.gz"

    def home(self, version: str) -> str:
        return f"app-v{version}"

    def unpack(self, version: str) -> str:
        make = f"make -s -j{self.workspace.machine.processors}"
        compiled = f"./configure -q --prefix=$HOME/python --enable-optimizations && {make} && {make} install"
        return (
            f"tar -xzf app-v{version}.tar.gz\n"
            "if ! [ -d python ]; then mkdir source\n"
            f"tar -xf {self.home(version)}/python.tar -C source --strip-components 1\n"
            f"(cd source && {compiled}) >compiled.log 2>&1\nfi\n"
            f"python/bin/python3 -m venv {self.home(version)}/venv\n"
            f"cd {self.home(version)}\n"
            "venv/bin/pip install --quiet --no-index --find-links wheels --requirement requirements.txt\ncd ..\n"
        )

    def start(self, version: str) -> str:
        options = self.workspace.machine.gunicorn_options
        return f"(cd {self.home(version)} && . venv/bin/activate && gunicorn {options} app:app)\n"
