"""offline-flask: this template's own tarball and setup.sh, built on this machine, as the peers are."""

import json
import os
import shutil
from pathlib import Path

from contenders.contender import Contender
from lab.project import Project, generate
from timing import Run
from workspace import Workspace

# With ENGINE=host the memory of building is measured too, which Docker's daemon hides.
ENGINE = os.environ.get("ENGINE") or "docker"
# What a cold build finds: a compiled interpreter and its source. All apps share them.
KEPT = ("interpreters", "sources")


class Ours(Contender):
    """Its cold build has the interpreter compiled already, unless it is forgotten too."""

    name = "offline-flask"
    carries_interpreter = True

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        shutil.rmtree(self.directory / "project", ignore_errors=True)
        (self.directory / "project").mkdir()
        target = json.loads((self.directory.parent / "target.json").read_text())
        self.project: Project = generate(self.directory / "project", **target)
        self._share_interpreters()
        self._replace_app()

    def _share_interpreters(self) -> None:
        self.builders_cache = self.workspace.cache / "offline-flask"
        self.builders_cache.mkdir(exist_ok=True)
        for name in KEPT:
            shared, link = self.directory.parent.parent / name, self.builders_cache / name
            shared.mkdir(exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(shared)

    def _replace_app(self) -> None:
        app = self.project.root / "project"
        shutil.rmtree(app)
        shutil.copytree(self.workspace.sources, app)

    def pin(self, lock: Path) -> None:
        """Write the lock that all contenders install from."""
        self.run(self.project.root / "deploy/lock.sh", ENGINE=ENGINE)
        (made,) = self.project.root.glob("project/locks/*.txt")
        shutil.copy(made, lock)

    def build(self, version: str) -> Run:
        return self.run(self.project.root / "deploy/build_tarball.sh", version, ENGINE=ENGINE)

    def set_version(self, version: str) -> None:
        self.workspace.set_version(version, self.project.root / "project/app.py")

    def artefact(self, version: str) -> Path:
        return self.project.tarball(version)

    def small_artefact(self, version: str) -> Path:
        """The .tar.xz, made beside the .tar.gz now."""
        self.run(self.project.root / "deploy/build_tarball.sh", version, ENGINE=ENGINE, COMPRESS="xz")
        return self.artefact(version).with_suffix(".xz")

    def files(self, version: str) -> list[Path]:
        tarball = self.artefact(version)
        return [tarball, Path(f"{tarball}.sha256"), self.project.root / "deploy/setup.sh"]

    def forget(self) -> None:
        self.workspace.forget(self.builders_cache.name)
        for path in self.builders_cache.iterdir():
            if path.name not in KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self.project.root / "dist", ignore_errors=True)

    def forget_interpreter(self) -> None:
        """Make the next build compile CPython."""
        self.forget()
        for path in (self.builders_cache / "interpreters").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def install(self, version: str) -> str:
        return f'sh setup.sh {version} "$(id -un)" >setup.log 2>&1\n'

    def upgrade(self) -> str:
        return self.install("2")

    def rollback(self) -> str:
        return "sh current/deploy/activate.sh --back >rollback.log 2>&1\n"
