"""watch.sh, which cron runs: it does something only where supervisord does not run."""

import subprocess
import sys

import pytest

from lab.project import TEMPLATE

WATCH = TEMPLATE / "{{cookiecutter.project_slug}}/deploy/box/supervisor/watch.sh"
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


@pytest.fixture
def base(tmp_path):
    """A BASE whose activate.sh only says that it was called."""
    scripts = tmp_path / "app-v1/deploy"
    (scripts / "box/supervisor").mkdir(parents=True)
    (scripts / "box/supervisor/watch.sh").write_text(WATCH.read_text())
    (scripts / "activate.sh").write_text("echo activated\nexit 75\n")
    (tmp_path / "state/supervisor").mkdir(parents=True)
    (tmp_path / "current").symlink_to("app-v1")
    return tmp_path


def watch(shell, base):
    command = [shell, base / "current/deploy/box/supervisor/watch.sh"]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.stdout, result.returncode


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("process", [None, "supervisord", "another"])
def test_only_a_missing_supervisord_is_replaced(base, shell, process):
    """A number of a process that has ended may be another's by now."""
    if process is None:
        assert watch(shell, base) == ("activated\n", 75)
        return
    arguments = ["run.py", "supervisord"] if process == "supervisord" else ["something"]
    with subprocess.Popen([*SLEEP, *arguments]) as running:
        (base / "state/supervisor/supervisord.pid").write_text(f"{running.pid}\n")
        found = watch(shell, base)
        running.kill()
    assert found == (("", 0) if process == "supervisord" else ("activated\n", 75))
    assert watch(shell, base) == ("activated\n", 75)
