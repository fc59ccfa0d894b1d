"""The same revision gives the same bytes: elsewhere, for others, under another umask, locale, zone and date."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from lab.cache import lab_cache
from lab.clock import another_date
from lab.command import run
from lab.engine import require_base_image
from lab.project import Project, environment, generate

SURROUNDINGS = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "7", "COLUMNS": "20"}
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
# An extension that would tell where and when it was compiled.
SETUP = """
import os
from setuptools import Extension, setup
here = os.path.dirname(os.path.abspath(__file__))
setup(name="origin", version="1.0", ext_modules=[Extension("origin", [os.path.join(here, "origin.c")])])
"""
SOURCE = """
#include <Python.h>
static PyObject *origin(PyObject *self, PyObject *none) { return PyLong_FromLong(puts(__FILE__ __DATE__ __TIME__)); }
static PyMethodDef methods[] = {{"origin", origin, METH_NOARGS, 0}, {0}};
#if PY_MAJOR_VERSION > 2
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "origin", 0, -1, methods};
PyMODINIT_FUNC PyInit_origin(void) { return PyModule_Create(&module); }
#else
PyMODINIT_FUNC initorigin(void) { Py_InitModule("origin", methods); }
#endif
"""


def commit(project):
    """Make the project a clean git repository."""
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        run(*GIT, *arguments, cwd=project.root)
    return project


@pytest.fixture(scope="module")
def committed(project):
    return commit(project)


@pytest.fixture(scope="module")
def with_extension(tmp_path_factory):
    """A project with a package that is compiled, for Python 2.7 and 3.11."""
    require_base_image("debian:12")
    project = generate(tmp_path_factory.mktemp("project"))
    (project.root / "project/origin").mkdir()
    for name, text in {"setup.py": SETUP, "origin.c": SOURCE}.items():
        (project.root / "project/origin" / name).write_text(text)
    with (project.root / "project/requirements.txt").open("a") as requirements:
        requirements.write("./origin\n")
    targets = project.root / "deploy/targets.json"
    targets.write_text(targets.read_text().replace('"3.11.2"', '"2.7.18", "3.11.2"'))
    run(project.root / "deploy/lock.sh", env=environment(ENGINE="host"), timeout=3600)
    return commit(project)


@pytest.fixture
def place():
    """A directory that other accounts can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="offline-flask-") as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)


def elsewhere(committed, bundle, place):
    """A clone with the finished bundle, in a directory with other names."""
    clone = Project(place / "another place" / "other")
    run("git", "clone", "--quiet", committed.root, clone.root)
    shutil.copytree(bundle.parent, clone.root / "dist" / bundle.parent.name)
    return clone


def reproduce(project, bundle, person=(), umask=0o022, **variables):
    version = bundle.name[len("app-v") : -len(".tar.gz")]
    # By env, as the other account: what shows another date shares its state with all that one account starts.
    given = [f"{name}={value}" for name, value in {"CACHE": "shared", **SURROUNDINGS, **variables}.items()]
    command = [*person, "env", *given, project.root / "deploy/reproduce.sh", version]
    return subprocess.run(command, env=environment(), umask=umask, capture_output=True, text=True, timeout=3600)


def is_identical(bundle, result):
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"==> identical: {bundle.name}" in result.stdout


def cache_with(directory, *kinds):
    """A cache that has only these kinds of what the tests' own has."""
    (directory / "offline-flask").mkdir()
    for kind in kinds:
        (directory / "offline-flask" / kind).symlink_to(lab_cache().parent / kind)
    return directory


@pytest.mark.parametrize("engine_name", ["docker", "host"])
def test_the_same_bytes_elsewhere(committed, place, tmp_path, engine_name):
    """With all but the interpreter made anew."""
    bundle = committed.build(f"1{engine_name}", ENGINE=engine_name)
    cache = cache_with(tmp_path, "interpreters", "sources", "tools")
    clone = elsewhere(committed, bundle, place)
    is_identical(bundle, reproduce(clone, bundle, umask=0o077, XDG_CACHE_HOME=cache, **another_date(tmp_path)))


@pytest.mark.full
@pytest.mark.parametrize("engine_name", ["docker", "host"])
@pytest.mark.parametrize("python", ["2.7.18", "3.11.2"])
def test_the_same_bytes_for_another_account_that_has_no_cache(with_extension, place, python, engine_name):
    """All is fetched or compiled anew: CPython, for 2.7 OpenSSL, and a wheel."""
    target = f"debian-12-x86_64-py{python}"
    bundle = with_extension.build(f"1{engine_name}", TARGET=target, ENGINE=engine_name)
    clone = elsewhere(with_extension, bundle, place)
    own = {"HOME": place, "XDG_CACHE_HOME": place / "cache", "CACHE": "empty", **another_date(place)}
    is_identical(bundle, reproduce(clone, bundle, another_account(place), 0o077, **own))


def another_account(place):
    """What starts a command as another account, which owns all below `place` and may use Docker."""
    group = os.stat("/var/run/docker.sock").st_gid
    run("chown", "--recursive", "65534:65534", place)
    return ["setpriv", "--reuid=65534", "--regid=65534", f"--groups={group}"]


def test_what_is_not_the_same_is_refused_or_shown(committed, tmp_path):
    bundle = committed.build("1", ENGINE="host")
    clone = elsewhere(committed, bundle, tmp_path)
    app = clone.root / "project/app.py"
    app.write_text(app.read_text() + "\n# changed\n")
    dirty = reproduce(clone, bundle)
    assert (dirty.returncode, "in no revision" in dirty.stderr) == (78, True)
    built_from = run("git", "rev-parse", "HEAD", cwd=committed.root).stdout.strip()
    run(*GIT, "commit", "--quiet", "--all", "--message", "changed", cwd=clone.root)
    other = reproduce(clone, bundle)
    assert (other.returncode, f"it was built from revision {built_from}" in other.stderr) == (78, True)
    assert f"git worktree add --detach ../again {built_from}, " in other.stderr
    run("git", "checkout", "--quiet", "HEAD~1", cwd=clone.root)
    (clone.root / "dist" / bundle.parent.name / bundle.name).unlink()
    assert reproduce(clone, bundle).returncode == 69


def test_a_bundle_that_was_touched_differs_and_what_differs_is_named(committed, tmp_path):
    """Its head says that it comes from this very revision."""
    bundle = committed.build("1", ENGINE="host")
    clone = elsewhere(committed, bundle, tmp_path)
    touched = clone.root / "dist" / bundle.parent.name / bundle.name
    touched.with_name(f"{touched.name}.sha256").unlink()
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
