"""tests/setup-machine.sh: quick where nothing is missing, right where something is, and safe when started twice."""

import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TESTS = Path(__file__).resolve().parents[1]
# What the script itself calls; the rest of this machine is kept out of its sight.
TOOLS = ("bash", "cat", "chmod", "cmp", "cp", "dirname", "flock", "mkdir", "rm", "sleep", "sort", "tail")
# Stubs: each writes down how it was called. An environment takes python3 a moment.
PYTHON = """
if [ "$*" = "-m venv .venv" ]; then
  sleep 0.2
  mkdir -p .venv/bin
  cp "$0" .venv/bin/python
fi
"""
STUBS = {"apt-get": "", "apt-cache": "exit 1", "id": 'echo "${STUB_USER:-0}"'}


@pytest.fixture
def checkout(tmp_path):
    """A checkout with nothing but what the script needs."""
    (tmp_path / "tests").mkdir()
    shutil.copy(TESTS / "setup-machine.sh", tmp_path / "tests")
    (tmp_path / "tests/requirements.txt").write_text("tool==1\n")
    return tmp_path


@pytest.fixture
def machine(tmp_path):
    """A bare Debian with stubs on PATH; `machine.add` installs one more, `machine.calls()` is what they were told."""
    return Machine(tmp_path / "bin", tmp_path / "calls")


class Machine:
    def __init__(self, path, record):
        self.path, self.record = path, record
        path.mkdir()
        for tool in TOOLS:
            (path / tool).symlink_to(shutil.which(tool))
        for name, script in STUBS.items():
            self.add(name, script)

    def add(self, name, script):
        record = f'echo "${{0##*/}} $*" >>{self.record}' if name in ("apt-get", "python3") else ""
        (self.path / name).write_text(f"#!{shutil.which('bash')}\n{record}\n{script}\n")
        (self.path / name).chmod(0o755)

    def calls(self, name):
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return [line for line in lines if line.startswith(f"{name} ")]

    def setup(self, checkout, **environment):
        variables = {"PATH": str(self.path), "DOCKER_HOST": "unix:///elsewhere", **environment}
        command = [checkout / "tests/setup-machine.sh"]
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)


@pytest.fixture
def machine_with_python(machine):
    machine.add("python3", PYTHON)
    return machine


INSTALL = "python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt"


def test_the_environment_is_made_once_and_then_it_takes_no_time(checkout, machine_with_python):
    result = machine_with_python.setup(checkout)
    assert result.returncode == 0, result.stderr
    assert machine_with_python.calls("python") == [INSTALL]
    begin = time.monotonic()
    assert machine_with_python.setup(checkout).returncode == 0
    assert time.monotonic() - begin < 1
    assert machine_with_python.calls("python") == [INSTALL]


@pytest.mark.parametrize("stale", [None, "tool==0\n"], ids=["unfinished", "other requirements"])
def test_an_environment_that_is_not_right_is_made_anew(checkout, machine_with_python, stale):
    (checkout / ".venv/bin").mkdir(parents=True)
    shutil.copy(shutil.which("true"), checkout / ".venv/bin/python")
    if stale:
        (checkout / ".venv/made-from.txt").write_text(stale)
    (checkout / ".venv/old").touch()
    assert machine_with_python.setup(checkout).returncode == 0
    assert machine_with_python.calls("python") == [INSTALL]
    assert not (checkout / ".venv/old").exists()


def test_what_pip_could_not_finish_does_not_count(checkout, machine_with_python):
    machine_with_python.add("python3", PYTHON + '[ "$2" != pip ]')
    result = machine_with_python.setup(checkout)
    assert (result.returncode, "pip could not install" in result.stderr) == (69, True)
    assert not (checkout / ".venv/made-from.txt").exists()


def test_of_two_at_once_one_does_the_work(checkout, machine_with_python):
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda _: machine_with_python.setup(checkout), range(2)))
    assert [result.returncode for result in results] == [0, 0]
    assert machine_with_python.calls("python") == [INSTALL]


def test_root_installs_what_is_missing_in_one_go(checkout, machine):
    result = machine.setup(checkout)
    update, install = machine.calls("apt-get")
    assert update == "apt-get -q update"
    assert "install --no-install-recommends" in install and "python3-venv" in install.split()
    assert (result.returncode, "python3 with its venv module is needed" in result.stderr) == (69, True)


def test_others_are_told_what_is_missing(checkout, machine):
    result = machine.setup(checkout, STUB_USER="1000")
    assert machine.calls("apt-get") == []
    assert "python3-venv" in result.stderr and "apt-get install" in result.stderr
    assert result.returncode == 69


def test_a_python_that_is_too_old_is_refused(checkout, machine):
    machine.add("python3", '[ "$2" != "import sys; sys.exit(sys.version_info < (3, 11))" ] || exit 1')
    result = machine.setup(checkout)
    assert (result.returncode, "Python 3.11 or newer is needed" in result.stderr) == (69, True)


def test_the_list_of_tools_is_exact_and_complete():
    """pip must have had nothing to choose: what is installed is what is listed."""
    listing = (TESTS / "requirements.txt").read_text().splitlines()
    freeze = [TESTS.parent / ".venv/bin/python", "-m", "pip", "freeze"]
    installed = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout.split()
    assert pinned(installed) == pinned(line for line in listing if line and not line.startswith("#"))


def pinned(lines):
    """The exact version of each package, by its canonical name."""
    requirements = map(Requirement, lines)
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement in requirements}
