"""The app skeleton passes its own test.py, in a release and outside one, and warns of nothing."""

import subprocess
import sys

import pytest


def run_test(project):
    return subprocess.run(
        [sys.executable, "-B", "-W", "error", "test.py"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("bundle", [None, "FORMAT=1\nNAME=app\nVERSION=20180119\n"], ids=["dev", "release"])
def test_the_app_passes_its_own_test(bake, bundle):
    project = bake() / "project"
    if bundle:
        (project / "BUNDLE").write_text(bundle)
    result = run_test(project)
    assert result.returncode == 0, result.stderr
    assert "\nOK\n" in result.stderr


def test_the_apps_test_goes_red_when_a_route_breaks(bake):
    project = bake() / "project"
    source = (project / "app.py").read_text()
    (project / "app.py").write_text(source.replace('return "ok", PLAIN_TEXT', 'return "gone", 500'))
    assert "test_health_is_ok" in run_test(project).stderr
    assert run_test(project).returncode == 1
