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
    (release / "BUNDLE").write_text("NAME=app\nVERSION=1\nPYTHON=3.11.2\nPYTHON_DIR=python\n")
    (tmp_path / "python/bin").mkdir(parents=True)
    (tmp_path / "python/bin/python3.11").write_text("#!/bin/sh\necho $*\n")
    (tmp_path / "python/bin/python3.11").chmod(0o755)
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


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize("path", [".", "/:..", ""])
def test_cdpath_leads_nowhere_else(script, tmp_path, shell, path):
    """Some people export it; then cd prints where it went, or goes elsewhere."""
    command = [*shell, "deploy/activate.sh", "--status"]
    environment = {"PATH": "/usr/bin:/bin", "CDPATH": path}
    result = subprocess.run(command, cwd=tmp_path / "app-v1", env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split()[3:5] == [f"{tmp_path}/app-v1/deploy/release", "status"]
