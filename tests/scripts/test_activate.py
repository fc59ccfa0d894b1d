"""activate.sh before any Python: what it answers to arguments that it does not know."""

import shutil
import subprocess

import pytest

import building

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]


@pytest.fixture
def script(tmp_path):
    """The activate.sh of an installed release."""
    release = tmp_path / "app-v1"
    (release / "deploy").mkdir(parents=True)
    (release / "BUNDLE").write_text("NAME=app\nVERSION=1\n")
    return shutil.copy(building.TEMPLATE / "deploy/activate.sh", release / "deploy")


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize("arguments", [["--bogus"], ["1", "2"], ["--status", "1"], ["../1"]])
def test_wrong_arguments_are_answered_with_the_usage(script, shell, arguments):
    result = subprocess.run([*shell, script, *arguments], capture_output=True, text=True)
    assert result.returncode == 64
    lines = result.stderr.splitlines()
    assert lines[0] == "Usage: sh activate.sh [VERSION]"
    assert any(line.startswith("  --back ") for line in lines)
    assert lines[-1].startswith("error: ")
