"""For the tests of verify: bundles packed by deploy/pack.py, and a project to run verify.sh in."""

import base64
import hashlib
import importlib.util
import io
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from handmade import Contents

PROJECT = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}"
TARGET = "debian-12-x86_64-py3"
PYTHON = platform.python_version()
PYTHON_DIR = f"python-{PYTHON}-0123456789ab"
SITE_PACKAGES = f"lib/python{'.'.join(PYTHON.split('.')[:2])}/site-packages"
INTERPRETER = f"{PYTHON_DIR}/bin/python{'.'.join(PYTHON.split('.')[:2])}"


def load(path):
    """The module in that file of the template; it leaves no byte code, which Cookiecutter would copy."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    with patch.object(sys, "dont_write_bytecode", True), patch.object(sys, "path", [str(path.parent), *sys.path]):
        spec.loader.exec_module(module)
    return module


pack = load(PROJECT / "deploy/pack.py")
layers = load(PROJECT / "deploy/layers.py")


def wheel(name, version, files):
    """The bytes of a wheel with those files (text by path) and a RECORD."""
    directory = f"{name}-{version}.dist-info"
    files = {**files, f"{directory}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n"}
    record = [f"{path},sha256={_record_hash(text)},{len(text)}\n" for path, text in files.items()]
    files[f"{directory}/RECORD"] = "".join([*record, f"{directory}/RECORD,,\n"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return data.getvalue()


def _record_hash(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


SCRIPT = "[console_scripts]\nflask = flask.cli:main\n"
WHEELS = {
    "Flask-3.0.3-py3-none-any.whl": wheel(
        "Flask", "3.0.3", {"flask/cli.py": "main = None\n", "Flask-3.0.3.dist-info/entry_points.txt": SCRIPT}
    ),
    "zope.interface-7.2-py3-none-any.whl": wheel(
        "zope.interface",
        "7.2",
        {"zope/interface.py": "\n", "zope.interface-7.2.data/scripts/zope": "#!python\nprint()\n"},
    ),
}


@dataclass
class Bundle(Contents):
    """A bundle whose interpreter is this Python; `rewritten` are files of its head that are not what they should be."""

    rewritten: dict = field(default_factory=dict)

    def write(self, directory):
        """Write the tarball and its sidecar; returns the tarball's path."""
        tarball = directory / f"{self.release}.tar.gz"
        interpreter, application = self._layers()
        head = pack.head_members(self.release, self._values(), [*interpreter, *application])
        sums = head[2]
        head = [self._rewritten(member) for member in head]
        cache = directory / "layers"
        cache.mkdir(exist_ok=True)
        layers.write_archive([head, interpreter, application], cache, tarball)
        sidecar = f"{pack.file_sha256(tarball)}  {tarball.name}\n{sums.sha256}  {sums.path}\n"
        tarball.with_name(tarball.name + ".sha256").write_text(sidecar)
        return tarball

    def _layers(self):
        interpreter = [
            *map(pack.directory, (PYTHON_DIR, f"{PYTHON_DIR}/bin", f"{PYTHON_DIR}/lib")),
            pack.file_of_bytes(INTERPRETER, f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode())._replace(mode=0o555),
            pack.file_of_bytes(f"{PYTHON_DIR}/lib/os.py", b"# os\n"),
            pack.link(f"{PYTHON_DIR}/bin/python", os.path.basename(INTERPRETER)),
        ]
        files = {"app.py": b"app = None\n", "wheels/installed.txt": b"Flask==3.0.3\nzope.interface==7.2\n"}
        files.update((f"wheels/{name}", data) for name, data in WHEELS.items())
        application = [pack.directory(f"{self.release}/{path}") for path in ("deploy", "deploy/box", "wheels")]
        application += pack.tree_members(PROJECT / "deploy/box", f"{self.release}/deploy/box/")
        for path, content in {**files, **self.files}.items():
            if content is not None:
                application.append(pack.file_of_bytes(f"{self.release}/{path}", content))
        return interpreter, application

    def _values(self):
        values = {
            "FORMAT": "1",
            "NAME": "app",
            "VERSION": self.version,
            "TARGET": TARGET,
            "PYTHON": PYTHON,
            "PYTHON_DIR": PYTHON_DIR,
            "HEALTH_PATH": "/health",
        }
        return {**values, **self.values}

    def _rewritten(self, member):
        content = self.rewritten.get(member.path.split("/")[-1])
        return member if content is None else pack.file_of_bytes(member.path, content)


class Project:
    """A project below `root`: deploy/ and tests/ as generated, dist/ as the test fills it."""

    def __init__(self, root):
        self.root = root
        self.log = root.parent / "log"
        self.log.touch()
        (root / "deploy").mkdir(parents=True)
        for name in ("verify.sh", "connection.sh", "help.sh", "hosts.sh", "reports.sh"):
            shutil.copy(PROJECT / "deploy" / name, root / "deploy")
        shutil.copytree(PROJECT / "tests", root / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "config.env").write_text("APP_NAME='app'\n")
        self.tools(sys.prefix)

    def tools(self, environment):
        """Let tools.sh print the path of that Python environment."""
        script(self.root / "deploy/tools.sh", f"echo '{environment}'")

    def add(self, version="1", target=TARGET):
        """Put a bundle into dist/; returns the tarball's path."""
        directory = self.root / "dist" / target
        directory.mkdir(parents=True, exist_ok=True)
        return Bundle(version).write(directory)

    def stub(self, name, commands):
        """A program on PATH that logs its arguments and then does `commands`."""
        script(self.root.parent / "bin" / name, f'echo "{name} $*" >>"{self.log}"\n{commands}')

    def verify(self, *arguments, **environment):
        stubs = self.root.parent / "bin"
        return subprocess.run(
            ["bash", self.root / "deploy/verify.sh", *arguments],
            env={**os.environ, "PATH": f"{stubs}:{os.environ['PATH']}", **environment},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def logged(self):
        return self.log.read_text().splitlines()


def script(path, commands):
    """An executable shell script at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{commands}\n")
    path.chmod(0o755)
