"""New settings of a box: until they are in force, whoever comes after a kill finds the way back."""

import json
import subprocess
import sys

import pytest

from lab.project import TEMPLATE

RELEASE_CODE = TEMPLATE / "{{cookiecutter.project_slug}}/deploy/release"
CODE = """
import json, os, sys
from settings import Settings

settings = Settings(sys.argv[1])
print(json.dumps(eval(sys.argv[2])))
"""


@pytest.fixture
def ask(tmp_path):
    """Evaluates an expression with `settings` in a process of its own, as one that comes after a kill."""
    (tmp_path / "settings").write_text("PORT=8001\nWORKERS=2\n")

    def evaluate(expression):
        command = [sys.executable, "-E", "-s", "-B", "-c", CODE, tmp_path / "settings", expression]
        result = subprocess.run(command, cwd=RELEASE_CODE, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return evaluate


@pytest.mark.parametrize(
    ("text", "changes"),
    [("", False), ("WORKERS=2", False), ("THREADS=", False), ("WORKERS=3", True), ("PORT=", True)],
)
def test_only_what_is_new_is_a_change(ask, text, changes):
    assert ask(f"settings.change({text!r})") is changes


def test_what_a_kill_leaves_can_be_put_back(ask, tmp_path):
    ask("settings.record('PORT= WORKERS=3', '2', '1')")
    assert (tmp_path / "settings").read_text() == "WORKERS=3\n"
    assert ask("settings.unconfirmed()") == "2"
    ask("settings.restore()")
    assert (tmp_path / "settings").read_text() == "PORT=8001\nWORKERS=2\n"
    assert ask("settings.unconfirmed()") == "2"
    ask("settings.confirm()")
    assert ask("settings.unconfirmed()") is None


def test_there_is_no_way_back_from_confirmed_settings(ask, tmp_path):
    ask("settings.record('WORKERS=3', '2', '1')")
    ask("settings.confirm()")
    ask("settings.undo()")
    assert (tmp_path / "settings").read_text() == "PORT=8001\nWORKERS=3\n"


@pytest.mark.parametrize(
    ("version", "beside", "current", "in_force"),
    [("2", "1", "1", False), ("2", "1", "2", True), ("2", None, "2", True), ("2", "2", "2", False)],
)
def test_they_are_in_force_with_the_release_that_they_came_with(ask, version, beside, current, in_force):
    """For the release that was in service already nobody can tell."""
    ask(f"settings.record('WORKERS=3', {version!r}, {beside!r})")
    assert ask(f"settings.in_force({current!r})") is in_force
