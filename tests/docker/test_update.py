"""A generated project takes a newer template with `cruft update`, keeps what its user changed, and builds.

The older template is this one with some things undone, in a repository of its own.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.command import run
from lab.project import TEMPLATE, Project, environment

CRUFT = Path(sys.executable).with_name("cruft")
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
APP = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route('/up')\ndef up():\n    return 'mine'\n"
ROW = """\
    {
        "os": "ubuntu",
        "version": "24.04",
        "bit": "64",
        "python": ["3.11.2"]
    },
]"""
OWN_VERB = "\nmine: ## A verb of our own\n\t@echo ours\n"


class Repository:
    """A git repository in `root`, with no settings of the user's."""

    def __init__(self, root):
        self.root = root
        variables = {**WHO, "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        self.variables = environment(**variables, COOKIECUTTER_CONFIG=os.devnull)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments):
        return run("git", *arguments, cwd=self.root, env=self.variables).stdout

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def cruft(self, *arguments):
        return run(CRUFT, *arguments, cwd=self.root, env=self.variables, timeout=120)


def edit(file, old, new):
    text = file.read_text()
    assert old in text, f"{file.name} has no {old!r}"
    file.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A repository whose last commit is this template, and the one before an older one."""
    root = tmp_path_factory.mktemp("template") / "offline-flask"
    root.mkdir()
    repository = Repository(root)
    listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=TEMPLATE).stdout
    names = [name for name in listing.split("\0") if name and os.path.lexists(TEMPLATE / name)]
    archive = subprocess.run(["tar", "-c", *names], cwd=TEMPLATE, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=root, input=archive, check=True)
    generated = root / "{{cookiecutter.project_slug}}"
    new = {
        name: (generated / name).read_text()
        for name in ("Makefile", "config.env", "deploy/doctor.sh", "deploy/ship.sh")
    }
    edit(generated / "Makefile", re.search(r"^doctor: .*\n.*\n\n", new["Makefile"], re.MULTILINE)[0], "")
    worker_class = re.search(r"# How gunicorn runs(.*\n)+?\n", new["config.env"])[0]
    edit(generated / "config.env", worker_class, "")
    (generated / "deploy/doctor.sh").unlink()
    edit(generated / "deploy/ship.sh", "# ship.sh: upload", "# ship.sh: upload slowly")
    (generated / "deploy/obsolete.sh").write_text("echo obsolete\n")
    repository.commit("older")
    for name, text in new.items():
        (generated / name).write_text(text)
    (generated / "deploy/doctor.sh").chmod(0o755)
    (generated / "deploy/obsolete.sh").unlink()
    repository.commit("newer")
    return repository


@pytest.fixture(scope="module")
def updated(template, tmp_path_factory):
    """A project of the older template, changed as a user would, and updated."""
    top = tmp_path_factory.mktemp("updated")
    older = template.git("rev-parse", "HEAD~").strip()
    answers = json.dumps({"project_name": "Shop", "app_name": "shop"})
    command = [CRUFT, "create", template.root, "--no-input", "--checkout", older, "--skip", "project"]
    run(*command, "--extra-context", answers, "--output-dir", top, env=template.variables, timeout=120)
    repository = Repository(top / "shop")
    repository.commit("generated")
    root = repository.root
    (root / "project/app.py").write_text(APP)
    (root / "project/test.py").unlink()
    edit(root / "config.env", "HEALTH_PATH='/'", "HEALTH_PATH='/up'")
    edit(root / "deploy/targets.json", "    },\n]", f"    }},\n{ROW}")
    with (root / "Makefile").open("a") as makefile:
        makefile.write(OWN_VERB)
    repository.commit("ours")
    data = json.loads((root / ".cruft.json").read_text())
    (root / ".cruft.json").write_text(json.dumps({**data, "checkout": None}, indent=2) + "\n")
    repository.commit("follow the template's newest state")
    repository.cruft("update", "--skip-apply-ask")
    return repository


def test_what_is_new_is_there_and_what_is_gone_is_gone(updated):
    root = updated.root
    assert (root / "deploy/doctor.sh").stat().st_mode & 0o111
    assert "upload slowly" not in (root / "deploy/ship.sh").read_text()
    assert not (root / "deploy/obsolete.sh").exists()
    assert "WORKER_CLASS=''" in (root / "config.env").read_text()


def test_what_the_user_changed_stays(updated):
    root = updated.root
    assert (root / "project/app.py").read_text() == APP and not (root / "project/test.py").exists()
    assert "HEALTH_PATH='/up'" in (root / "config.env").read_text()
    assert "APP_NAME='shop'" in (root / "config.env").read_text()
    assert '"24.04"' in (root / "deploy/targets.json").read_text()
    assert (root / "Makefile").read_text().endswith(OWN_VERB)


def test_nothing_is_left_to_merge(updated):
    assert not list(updated.root.rglob("*.rej")) + list(updated.root.rglob("*.orig"))
    assert "<<<<<<<" not in updated.git("diff", "HEAD")
    assert run(CRUFT, "check", cwd=updated.root, env=updated.variables, timeout=120, check=False).returncode == 0


def test_it_builds(updated, engine):
    tarball = Project(updated.root).build("1", TARGET="debian-12", ENGINE="docker")
    assert tarball.name == "shop-v1.tar.gz"
