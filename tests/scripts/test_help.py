"""Every script says what its header says."""

import os
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
# Sourced, or for other scripts alone.
OTHERS = {"connection.sh", "help.sh", "hosts.sh", "reports.sh", "run_builder.sh", "tools.sh"}
# Some people export it; then cd prints where it went, or goes elsewhere.
WITH_CDPATH = {**os.environ, "CDPATH": ".:/"}
SCRIPTS = sorted(path.name for path in DEPLOY.glob("*.sh") if path.name not in OTHERS)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_the_header(script: str, option: str) -> None:
    shell = "sh" if script in ("setup.sh", "activate.sh") else "bash"
    result = subprocess.run(
        [shell, f"deploy/{script}", option], cwd=DEPLOY.parent, env=WITH_CDPATH, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{script}: ")
    for part in ("Usage: ", "Exit codes: "):
        assert part in result.stdout
    assert not result.stdout.rstrip().endswith("set -eu")
