"""The frame of the tests themselves: what cannot be run is skipped with its reason, and CI lets nothing be skipped."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TESTS = Path(__file__).resolve().parents[1]
UNAVAILABLE = """
import pytest
from lab.skip import Unavailable

@pytest.fixture
def lacking():
    raise Unavailable("no such thing here")

def test_fixture(lacking):
    pass

def test_call():
    raise Unavailable("no such thing here")
"""


@pytest.fixture
def run_layer(tmp_path):
    """Runs pytest on a file of the layer `boxes` with our conftest.py; returns its exit code and its output."""
    layer = tmp_path / "tests/boxes"
    layer.mkdir(parents=True)
    shutil.copy(TESTS / "conftest.py", layer.parent)
    shutil.copy(TESTS.parent / "pyproject.toml", tmp_path)

    def run_layer(text, ci, *options):
        (layer / "test_one.py").write_text(text)
        environment = {**os.environ, "PYTHONPATH": str(TESTS), "CI": ci}
        command = [sys.executable, "-B", "-m", "pytest", "-q", *options, "tests/boxes"]
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        return result.returncode, result.stdout

    return run_layer


def test_what_is_unavailable_is_skipped_with_the_reason(run_layer):
    code, output = run_layer(UNAVAILABLE, "")
    assert code == 0
    assert re.search(r"SKIPPED \[\d\] .*no such thing here", output)
    assert "2 skipped" in output


def test_ci_turns_every_skip_into_a_failure(run_layer):
    code, output = run_layer(UNAVAILABLE, "true")
    assert code == 1
    assert "skipped, which CI=true forbids" in output and "no such thing here" in output
    assert re.search(r"1 failed, 1 error|2 failed|1 error, 1 failed", output)


def test_ci_lets_no_file_be_skipped_either(run_layer):
    whole_file = "import pytest\npytest.skip('not today', allow_module_level=True)\n"
    assert run_layer(whole_file, "")[0] == 5  # nothing was run
    code, output = run_layer(whole_file, "true")
    assert (code, "not today" in output) == (2, True)


def test_an_expected_failure_is_no_skip(run_layer):
    text = "import pytest\n@pytest.mark.xfail\ndef test_known():\n    assert False\n"
    assert run_layer(text, "true")[0] == 0


def test_layers_are_markers(run_layer):
    text = "def test_one():\n    pass\n"
    assert run_layer(text, "", "-m", "boxes")[0] == 0
    assert run_layer(text, "", "-m", "docker")[0] == 5
