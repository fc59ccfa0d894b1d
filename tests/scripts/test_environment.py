"""The virtual environment of a release: which exit status a failure of pip has."""

import subprocess
import sys
from pathlib import Path

import pytest

RELEASE_CODE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}" / "deploy" / "release"
RUN = """
import sys
import environment
from output import Failure

try:
    environment._run(["sh", "-c", 'echo "$0" >&2; exit 1', sys.argv[1]])
except Failure as failure:
    print(failure.status)
"""


@pytest.mark.parametrize(
    ("message", "status"),
    [("ERROR: No matching distribution found", 65), ("Error: [Errno 28] No space left on device", 73)],
)
def test_a_full_disk_is_no_damaged_bundle(message, status):
    command = [sys.executable, "-E", "-s", "-B", "-c", RUN, message]
    result = subprocess.run(command, cwd=RELEASE_CODE, check=True, capture_output=True, text=True)
    assert result.stdout == f"{status}\n"
