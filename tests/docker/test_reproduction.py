"""The same revision gives the same bytes: elsewhere, under another umask, locale, zone and date, by another cache."""

import os
import shutil
import subprocess

import pytest

from lab.command import run
from lab.project import Project, environment

SURROUNDINGS = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "7", "COLUMNS": "20"}
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]


@pytest.fixture(scope="module")
def committed(project):
    """The project as a clean git repository."""
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        run(*GIT, *arguments, cwd=project.root)
    return project


@pytest.fixture(params=["docker", "host"])
def bundle(committed, request):
    if request.param == "docker":
        request.getfixturevalue("engine")
    return committed.build(f"1{request.param}", ENGINE=request.param)


def elsewhere(committed, bundle, tmp_path):
    """A clone with the finished bundle, in a directory with other names."""
    clone = Project(tmp_path / "another place" / "other")
    run("git", "clone", "--quiet", committed.root, clone.root)
    shutil.copytree(bundle.parent, clone.root / "dist" / bundle.parent.name)
    return clone


def reproduce(project, bundle, cache="shared", umask=0o022):
    version = bundle.name[len("app-v") : -len(".tar.gz")]
    variables = environment(CACHE=cache, **SURROUNDINGS)
    command = [project.root / "deploy/reproduce.sh", version]
    return subprocess.run(command, env=variables, umask=umask, capture_output=True, text=True, timeout=3600)


@pytest.mark.parametrize("cache", ["shared", pytest.param("empty", marks=pytest.mark.full)])
def test_the_same_bytes_elsewhere(committed, bundle, tmp_path, cache):
    """With an empty cache CPython is compiled anew."""
    result = reproduce(elsewhere(committed, bundle, tmp_path), bundle, cache, umask=0o077)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"==> identical: {bundle.name}" in result.stdout


def test_what_is_not_the_same_is_refused_or_shown(committed, tmp_path):
    bundle = committed.build("1", ENGINE="host")
    clone = elsewhere(committed, bundle, tmp_path)
    app = clone.root / "project/app.py"
    app.write_text(app.read_text() + "\n# changed\n")
    dirty = reproduce(clone, bundle)
    assert (dirty.returncode, "in no revision" in dirty.stderr) == (78, True)
    run(*GIT, "commit", "--quiet", "--all", "--message", "changed", cwd=clone.root)
    other = reproduce(clone, bundle)
    assert (other.returncode, "it was built from revision" in other.stderr) == (78, True)
    run("git", "checkout", "--quiet", "HEAD~1", cwd=clone.root)
    (clone.root / "dist" / bundle.parent.name / bundle.name).unlink()
    assert reproduce(clone, bundle).returncode == 69


def test_a_bundle_that_was_touched_differs_and_what_differs_is_named(committed, tmp_path):
    """Its head says that it comes from this very revision."""
    bundle = committed.build("1", ENGINE="host")
    clone = elsewhere(committed, bundle, tmp_path)
    touched = clone.root / "dist" / bundle.parent.name / bundle.name
    place = tmp_path / "unpacked"
    place.mkdir()
    run("tar", "-xzf", touched, "-C", place)
    sums = place / "app-v1/SHA256SUMS"
    os.chmod(sums, 0o644)
    lines = [line for line in sums.read_text().splitlines() if not line.endswith("  app-v1/app.py")]
    sums.write_text("".join(f"{line}\n" for line in [*lines, f"{'0' * 64}  app-v1/app.py"]))
    order = ["app-v1/BUNDLE", "app-v1/SHA256SUMS", "app-v1/MANIFEST"]
    run("tar", "-czf", touched, "-C", place, *order, "app-v1/app.py", timeout=300)
    result = reproduce(clone, bundle)
    assert result.returncode == 1, result.stderr
    assert "    ~ app.py" in result.stdout
    assert (clone.root / "dist/reproduced" / bundle.parent.name / bundle.name).is_file()
