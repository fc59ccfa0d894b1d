"""Old releases go, but none that a rollback may want, and nothing that a process runs from."""

import getpass
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RELEASE_CODE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}" / "deploy" / "release"
PRUNE = """
import sys
from layout import Layout
from prune import prune
from state import State

layout = Layout(sys.argv[1], "app")
prune(layout, State(layout, "test"), None)
"""


@pytest.fixture
def base(tmp_path):
    """Eight good releases, each with an interpreter of its own; the last is in service."""
    for name, text in {"mode": "user", "username": "nobody"}.items():
        write(tmp_path / "state" / name, text)
    for version in range(1, 9):
        write(tmp_path / f"app-v{version}/BUNDLE", f"PYTHON_DIR=python-3.11.{version}-0123456789ab\n")
        (tmp_path / f"python-3.11.{version}-0123456789ab/bin").mkdir(parents=True)
        for kind in ("complete", "good"):
            write(tmp_path / f"state/{kind}/{version}", "{}")
    (tmp_path / "current").symlink_to("app-v8")
    return tmp_path


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def left(base, prefix):
    command = [sys.executable, "-E", "-s", "-B", "-c", PRUNE, str(base)]
    subprocess.run(command, cwd=RELEASE_CODE, check=True, capture_output=True)
    return sorted(path.name for path in base.glob(f"{prefix}*"))


def test_the_last_five_good_releases_and_their_interpreters_stay(base):
    assert left(base, "app-v") == [f"app-v{version}" for version in range(4, 9)]
    assert left(base, "python-") == [f"python-3.11.{version}-0123456789ab" for version in range(4, 9)]


@pytest.mark.parametrize("kinds", [["bad"], ["bad", "complete"]])
def test_a_bad_release_goes_first_also_one_whose_own_test_failed(base, kinds):
    write(base / "app-v9/BUNDLE", "")
    for kind in kinds:
        write(base / f"state/{kind}/9", "{}")
    write(base / "state/bad/10", "{}")  # its directory went long ago
    assert left(base, "app-v") == [f"app-v{version}" for version in range(4, 9)]
    assert (base / "state/bad/9").exists()


def test_what_a_kill_left_half_made_goes_but_not_from_a_home(base):
    write(base / "app-v9/BUNDLE", "")
    assert "app-v9" in left(base, "app-v")
    write(base / "state/mode", "root")
    write(base / "state/username", getpass.getuser())
    assert left(base, "app-v") == [f"app-v{version}" for version in range(4, 9)]


def test_the_links_to_what_goes_go_too(base, tmp_path):
    """~USERNAME/app-v1 of root mode."""
    user = pwd.getpwuid(os.getuid())
    links = [Path(user.pw_dir) / f"{tmp_path.name}-v{version}" for version in (1, 8)]
    write(base / "state/mode", "root")
    write(base / "state/username", user.pw_name)
    for link, version in zip(links, (1, 8), strict=True):
        link.symlink_to(base / f"app-v{version}")
    try:
        left(base, "app-v")
        assert [link.is_symlink() for link in links] == [False, True]
    finally:
        for link in links:
            link.unlink(missing_ok=True)


@pytest.mark.parametrize("inside", ["", "/local"])
def test_an_interpreter_that_a_later_release_found_stays(base, inside):
    """Release 8 brought none: its directory leads to what release 1 brought, or compiled."""
    (base / "python-3.11.1-0123456789ab/local").mkdir()
    (base / "python-3.11.8-0123456789ab/local").symlink_to(base / f"python-3.11.1-0123456789ab{inside}")
    (base / "python-3.11.7-0123456789ab/local").symlink_to("/usr")
    kept = [f"python-3.11.{version}-0123456789ab" for version in (1, 4, 5, 6, 7, 8)]
    assert left(base, "python-") == kept


def test_what_a_process_runs_from_stays(base):
    """Such as supervisord, which runs by the interpreter of the release that started it."""
    interpreter = base / "python-3.11.2-0123456789ab/bin/python3.11"
    shutil.copy("/bin/sleep", interpreter)
    process = subprocess.Popen([interpreter, "60"], cwd=base / "app-v1")
    try:
        assert left(base, "app-v") == ["app-v1", *(f"app-v{version}" for version in range(4, 9))]
        assert left(base, "python-")[:3] == [f"python-3.11.{version}-0123456789ab" for version in (1, 2, 4)]
    finally:
        process.kill()
        process.wait()
