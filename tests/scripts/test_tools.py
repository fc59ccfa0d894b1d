"""deploy/tools.sh: one environment a list of requirements, made once, found again, never half made."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TOOLS = Path(__file__).resolve().parents[2] / "deploy/tools.sh"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache for all tests here: making an environment takes seconds."""
    return tmp_path_factory.mktemp("tools") / "cache dir"


@pytest.fixture
def requirements(tmp_path):
    """A list that needs no index: this layer tests the script, not pip."""
    file = tmp_path / "requirements.txt"
    file.write_text("# nothing\n")
    return file


@pytest.fixture
def run(cache):
    def run(*arguments, **environment):
        return subprocess.run(
            [shutil.which("bash"), str(TOOLS), *map(str, arguments)],
            env={**os.environ, "XDG_CACHE_HOME": str(cache), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def environments(cache):
    return {path for path in (cache / "offline-flask/tools").glob("*") if not path.is_symlink()}


def test_prints_the_path_of_an_environment_that_runs_and_finds_it_again(run, requirements):
    first = run(requirements)
    assert first.returncode == 0, first.stderr
    python = Path(first.stdout.rstrip("\n")) / "bin/python"
    subprocess.run([python, "-m", "pip", "--version"], check=True, capture_output=True)
    second = run(requirements)
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_two_calls_at_once_share_one_environment_also_where_the_old_one_is_gone(run, requirements, cache):
    first = run(requirements)
    assert first.returncode == 0, first.stderr
    path = first.stdout
    environment = Path(path.rstrip("\n")).resolve()
    assert environment.is_relative_to(cache)
    shutil.rmtree(environment)
    before = environments(cache)
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda _: run(requirements), range(2)))
    assert [(result.returncode, result.stdout) for result in results] == [(0, path)] * 2, results
    assert any("==> making" in result.stderr for result in results)
    assert len(environments(cache) - before) == 1


def test_what_pip_cannot_install_is_69_and_leaves_nothing(run, requirements, cache):
    run(requirements)
    before = environments(cache)
    requirements.write_text(f"{requirements.parent}/no-such-package\n")
    result = run(requirements)
    assert (result.returncode, result.stdout) == (69, "")
    assert "error: pip cannot install" in result.stderr
    assert environments(cache) == before


def test_a_machine_without_python_is_69_and_told_what_to_install(run, requirements, tmp_path):
    result = run(requirements, PATH=str(tmp_path))
    assert result.returncode == 69
    assert "apt-get install -y python3 python3-venv" in result.stderr


@pytest.mark.parametrize("arguments", [["one", "two"], ["no-such-file"]])
def test_wrong_usage_is_64(run, arguments):
    result = run(*arguments)
    assert result.returncode == 64
    assert result.stderr.startswith("error: ")
