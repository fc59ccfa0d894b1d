"""PyInstaller: the app frozen together with the interpreter, as a directory or as one file that unpacks itself."""

from pathlib import Path

from contenders.contender import Peer, together
from timing import Run

ENTRY = "from gunicorn.app.wsgiapp import run\n\nrun()\n"


class PyInstaller(Peer):
    """https://pyinstaller.org"""

    carries_interpreter = True
    layout: str

    def build(self, version: str) -> Run:
        packages = self.directory / "build" / "packages"
        pip = ["install", "--quiet", "--requirement", self.workspace.lock, "--target", packages]
        runs = [] if packages.exists() else [self.run(self.tool("pip"), *pip)]
        entry = self.directory / "build" / "serve.py"
        entry.write_text(ENTRY)
        path = f"{packages}:{self.workspace.sources}"
        return together(*runs, self.run(*self.freeze(entry), PYTHONPATH=path), *self.archive(version))

    def freeze(self, entry: Path) -> list[object]:
        """gunicorn finds its workers and the app by name, which PyInstaller cannot see."""
        hidden = ["--collect-submodules", "gunicorn", "--hidden-import", "app"]
        places = ["--workpath", "build/work", "--specpath", "build", "--distpath", "build/dist"]
        return [self.tool("pyinstaller"), "--noconfirm", self.layout, "--name", "app", *hidden, *places, entry]

    def archive(self, version: str) -> list[Run]:
        """The commands that make artefact(version) of build/dist."""
        raise NotImplementedError


class PyInstallerDirectory(PyInstaller):
    """Packed with tar."""

    name, layout = "PyInstaller, directory", "--onedir"

    def archive(self, version: str) -> list[Run]:
        return [self.run("tar", "-czf", self.artefact(version), "-C", "build/dist", "app")]

    def artefact(self, version: str) -> Path:
        return self.directory / f"app-{version}.tar.gz"

    def unpack(self, version: str) -> str:
        return f"mkdir -p {self.home(version)}\ntar -xzf app-{version}.tar.gz -C {self.home(version)}\n"

    def start(self, version: str) -> str:
        return f"(cd {self.home(version)} && app/app {self.workspace.machine.gunicorn_options} app:app)\n"


class PyInstallerFile(PyInstaller):
    """As it is."""

    name, layout = "PyInstaller, one file", "--onefile"

    def archive(self, version: str) -> list[Run]:
        return [self.run("cp", "build/dist/app", self.artefact(version))]

    def artefact(self, version: str) -> Path:
        return self.directory / f"app-{version}.bin"

    def start(self, version: str) -> str:
        # It removes what it has unpacked when its first process ends, which a daemon's does at once.
        options = self.workspace.machine.gunicorn_options.replace("--daemon ", "")
        return f"(cd {self.home(version)} && ../app-{version}.bin {options} app:app >gunicorn.log 2>&1 &)\n"
