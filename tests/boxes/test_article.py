"""The article's own app, of 2018, on Python 2.7: its requirements as they stand, its app.py, test.py and run.sh.

What today's packages for Python 2.7 force is one pin that the lock adds by itself: setuptools, which gunicorn 19 needs.
"""

import pytest

from lab.box import boot_box
from lab.engine import require_base_image
from lab.project import generate

REQUIREMENTS = "Flask==0.12.2\ngunicorn==19.7.1\n"
APP = """\
from flask import Flask
app = Flask(__name__)


@app.route('/')
def hello():
    return 'Hello, World!'
"""
TEST = """\
import unittest
from app import app


class HelloTest(unittest.TestCase):
    def test_hello(self):
        answer = app.test_client().get('/')
        self.assertEqual(answer.data, b'Hello, World!')


if __name__ == '__main__':
    unittest.main()
"""
RUN = "gunicorn -D -b 127.0.0.1:1337 app:app\n"
BY_HAND = "cd app-v20180119 && . venv/bin/activate"


@pytest.fixture(scope="module")
def article(tmp_path_factory):
    require_base_image("debian:11")
    project = generate(tmp_path_factory.mktemp("article"), target_version="11", python_version="2.7.18")
    for path in sorted((project.root / "project").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for name, text in {"requirements.txt": REQUIREMENTS, "app.py": APP, "test.py": TEST, "run.sh": RUN}.items():
        (project.root / "project" / name).write_text(text)
    project.build("20180119", ENGINE="docker")
    return project


@pytest.fixture(scope="module")
def served(article):
    with boot_box("debian-11") as box:
        result = article.make(
            "deploy", HOST=f"root@{box.address}", VERSION="20180119", USERNAME="app", SSH_CONFIG=box.ssh_config
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "OK" in result.stdout
        yield box


def test_its_versions_are_kept_and_only_setuptools_is_added(article):
    lock = (article.root / "project/locks/py2.7.txt").read_text()
    pinned = [line.split()[0] for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert {"flask==0.12.2", "gunicorn==19.7.1"} < set(pinned)
    names = {pin.partition("==")[0] for pin in pinned}
    of_flask = {"click", "itsdangerous", "jinja2", "markupsafe", "werkzeug"}
    assert names == {"flask", "gunicorn", "setuptools", *of_flask}


def test_it_serves_behind_nginx(served):
    assert served.get() == "Hello, World!"


def test_its_test_passes_on_the_box(served):
    assert served.ssh(f"{BY_HAND} && python test.py", user="app").stderr.strip().endswith("OK")


def test_its_run_sh_works_where_nothing_else_serves(served):
    served.ssh("systemctl stop app.socket 'app@*'")
    served.ssh(f"{BY_HAND} && sh run.sh", user="app")
    assert served.wait_for(lambda: served.ssh("curl -s 127.0.0.1:1337").stdout == "Hello, World!")
