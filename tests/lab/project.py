"""A project generated from this template, and its verbs."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cookiecutter.main import cookiecutter

from lab.command import CommandFailed, run

TEMPLATE = Path(__file__).resolve().parents[2]
# What a surrounding make hands down would change what a make below it does.
MAKES_OWN = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GNUMAKEFLAGS")
BUILD_SECONDS = 3600


def generate(directory: Path, **answers: str) -> "Project":
    """Generate a project below the existing `directory`; `answers` are cookiecutter.json's questions."""
    with tempfile.TemporaryDirectory() as scratch:  # neither the user's defaults nor a trace in the user's home
        own = {"cookiecutters_dir": scratch, "replay_dir": scratch}
        root = cookiecutter(
            str(TEMPLATE), no_input=True, extra_context=answers, output_dir=str(directory), default_config=own
        )
    return Project(Path(root))


class Project:
    """The generated project in the directory `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self, verb: str, **variables: object) -> subprocess.CompletedProcess[str]:
        """`make VERB VARIABLE=value…`; whether it failed is the caller's to judge by `returncode`."""
        assignments = [f"{name}={value}" for name, value in variables.items()]
        return run("make", verb, *assignments, check=False, env=environment(), cwd=self.root, timeout=BUILD_SECONDS)

    def show(self, verb: str, **variables: object) -> None:
        """`make VERB VARIABLE=value…` for people to watch. Raises CommandFailed."""
        assignments = [f"{name}={value}" for name, value in variables.items()]
        command = ["make", "--no-print-directory", verb, *assignments]
        status = subprocess.run(command, env=environment(), cwd=self.root).returncode
        if status != 0:
            raise CommandFailed(f"make {verb} failed in {self.root}; see above")

    def run(self, script: str, *arguments: object, **variables: object) -> subprocess.CompletedProcess[str]:
        """Run `script` with `variables` in its environment, for the exit code that make would hide."""
        command = [self.root / script, *map(str, arguments)]
        return run(*command, check=False, env=environment(**variables), cwd=self.root, timeout=BUILD_SECONDS)

    def build(self, version: str, **variables: object) -> Path:
        """Build the tarball of `version`; returns its path. Raises lab.command.CommandFailed."""
        command = [self.root / "deploy/build_tarball.sh", version]
        run(*command, env=environment(**variables), cwd=self.root, timeout=BUILD_SECONDS)
        return self.tarball(version, str(variables.get("TARGET", "")))

    def tarball(self, version: str, target: str = "") -> Path:
        """The one tarball of `version` in dist/, for a target whose name begins so."""
        (path,) = self.root.glob(f"dist/{target}*/*-v{version}.tar.gz")
        return path

    @contextmanager
    def changed(self, path: str, text: str) -> Iterator[None]:
        """Within the `with`, the project's file `path` holds `text`."""
        file = self.root / path
        before = file.read_text()
        file.write_text(text)
        try:
            yield
        finally:
            file.write_text(before)


def environment(**variables: object) -> dict[str, str]:
    """This process's environment as a user's shell would have it, with `variables` added."""
    kept = {name: value for name, value in os.environ.items() if name not in MAKES_OWN}
    return kept | {name: str(value) for name, value in variables.items()}
