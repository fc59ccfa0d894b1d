"""make lock out of what other tools have locked: their versions and hashes, resolved with the target's own Python."""

import re
import shutil
from pathlib import Path

import pytest

from lab.project import generate

ADOPTED = Path(__file__).parents[1] / "scripts/adopted"
APP = "app = None\n"
# What each lock has for Python 3.11: Poetry found 8.1.8 for all Pythons from 3.9 on, and newer ones are on the index.
PINNED = {
    "poetry": {"click": "8.1.8", "itsdangerous": "2.2.0"},
    "uv": {"click": "8.5.1", "itsdangerous": "2.2.0"},
    "pipenv": {"click": "8.5.1", "itsdangerous": "2.2.0"},
}
FULL = ("uv", "pipenv")


@pytest.mark.parametrize(
    "tool", [pytest.param(tool, marks=pytest.mark.full if tool in FULL else ()) for tool in PINNED]
)
def test_versions_and_hashes_are_kept(engine, tmp_path, tool):
    project = generate(tmp_path)
    app = project.root / "project"
    shutil.rmtree(app)
    shutil.copytree(ADOPTED / tool, app)
    (app / "app.py").write_text(APP)
    made = project.run("deploy/lock.sh", ENGINE="docker")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "gunicorn is added: it serves the app" in made.stdout
    lock = (app / "locks/py3.11.txt").read_text()
    pins = dict(re.findall(r"^([a-z]\S*)==([^ ;]+)", lock, re.MULTILINE))
    assert {name: version for name, version in pins.items() if name != "gunicorn"} == PINNED[tool]
    given = "".join(file.read_text() for file in app.iterdir() if file.name.endswith(".lock"))
    kept = re.findall(r"--hash=sha256:([0-9a-f]{64})", lock[: lock.index("gunicorn==")])
    assert kept and all(digest in given for digest in kept)
