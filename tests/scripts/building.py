"""For the tests of the builder: the template's deploy/ as importable code, and projects to run it in."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}"
sys.path.insert(0, str(TEMPLATE / "deploy"))
# The builder's modules are used as they are; nothing of them is written beside them.
sys.dont_write_bytecode = True

SETTINGS = "APP_NAME='app'\nAPP_MODULE='app:app'\nHEALTH_PATH='/'\n"
TARGETS = '[\n  { "os": "debian", "version": "12", "bit": "64", "python": ["3.11.2"] },\n]\n'


def part(name):
    """The module of deploy/ with that name, such as builder.targets."""
    return importlib.import_module(name)


TARGET = part("builder.targets").Target("debian", "12", "x86_64", "3.11.2")


def inherited(*names):
    """Those variables of the tests' own environment that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def release_part(name):
    """The module of deploy/release/ with that name; what runs there imports its neighbours by their bare names."""
    directory = str(TEMPLATE / "deploy/release")
    if directory not in sys.path:
        sys.path.append(directory)
    return importlib.import_module(name)


class Project:
    """A project with real scripts, and nothing on PATH but what a test puts there beside the system's tools."""

    def __init__(self, root):
        self.root = root / "project dir"
        self.stubs = root / "stubs"
        self.stubs.mkdir()
        for name in ("deploy", "wheels"):
            shutil.copytree(TEMPLATE / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.write("config.env", SETTINGS)
        self.write("deploy/targets.json", TARGETS)
        self.write("project/app.py", "app = None\n")
        self.write("project/requirements.txt", "Flask\ngunicorn\n")
        self.environment = {"PATH": f"{self.stubs}:/usr/bin:/bin", "HOME": str(root), "LC_ALL": "C.UTF-8"}
        # The tests' own Python, whichever version the system has.
        self.stub("python3", f'exec "{sys.executable}" "$@"')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def stub(self, name, body):
        path = self.stubs / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, *command, **environment):
        return subprocess.run(
            [str(part) for part in command],
            env={**self.environment, **environment},
            cwd=self.root.parent,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def build(self, *arguments, **environment):
        return self.run("bash", self.root / "deploy/build_tarball.sh", *arguments, **environment)

    def files(self):
        """Every file of the project and its content, to see that nothing changed."""
        paths = [Path(top) / name for top, _directories, names in os.walk(self.root) for name in names]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths}
