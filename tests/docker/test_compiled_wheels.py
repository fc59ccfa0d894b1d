"""Wheels that are compiled: psycopg2 and a package of the project's own bring libpq to a system that has none."""

import re
import tarfile
from pathlib import Path

import pytest

from lab.command import run

REQUIREMENTS = "Flask\ngunicorn\npsycopg2==2.9.9\n./fastadd\n"
SETUP = """
from setuptools import Extension, setup
setup(name="fastadd", version="1.0", ext_modules=[Extension("fastadd", ["fastadd.c"], libraries=["pq"])])
"""
SOURCE = """
#include <Python.h>
extern int PQlibVersion(void);
static PyObject *version(PyObject *self, PyObject *none) { return PyLong_FromLong(PQlibVersion()); }
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fastadd", 0, -1, methods};
PyMODINIT_FUNC PyInit_fastadd(void) { return PyModule_Create(&module); }
"""
PROBE = """
import fastadd, psycopg2, os
assert fastadd.version() == psycopg2.extensions.libpq_version() > 100000
print({line.split()[5].rpartition("/")[0] for line in open("/proc/self/maps") if "libpq" in line and "r-x" in line})
"""


@pytest.fixture(scope="module")
def with_sources(project):
    """The project with an app that needs libpq."""
    for name, text in {"setup.py": SETUP, "fastadd.c": SOURCE}.items():
        (project.root / "project/fastadd").mkdir(exist_ok=True)
        (project.root / "project/fastadd" / name).write_text(text)
    (project.root / "project/requirements.txt").write_text(REQUIREMENTS)
    (project.root / "project/build-packages.txt").write_text("debian: libpq-dev\ncentos: postgresql-devel\n")
    (project.root / "project/locks/py3.11.txt").unlink()
    return project


@pytest.fixture(scope="module")
def unpacked(with_sources, engine, tmp_path_factory):
    directory = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(with_sources.build("1", ENGINE="docker")) as tar:
        tar.extractall(directory, filter="tar")
    return directory


def test_they_work_where_there_is_no_libpq(unpacked, engine):
    script = """set -e
! ls /usr/lib/*/libpq* 2>/dev/null
python=$(echo /bundle/python-*/bin/python3)
$python -B -m venv --without-pip /tmp/venv
/tmp/venv/bin/python -B /bundle/python-*/lib/python3.11/site-packages/pip install --quiet --no-index --no-deps \
  --require-hashes --find-links /bundle/app-v1/wheels --requirement /bundle/app-v1/wheels/installed.txt
/tmp/venv/bin/python -B -c "$PROBE"
"""
    mount = {str(unpacked): {"bind": "/bundle", "mode": "ro"}}
    options = {"volumes": mount, "network_mode": "none", "remove": True, "stderr": True}
    options["environment"] = {"PROBE": PROBE}
    answer = engine.containers.run("debian:12", ["bash", "-c", script], **options).decode()
    # One serves both: its name has its content's hash.
    assert answer == "{'/tmp/venv/lib/python3.11/site-packages/fastadd.libs'}\n"


def test_the_wheels_are_readable_and_without_symbols(unpacked):
    for wheel in unpacked.glob("app-v1/wheels/*-linux_x86_64.whl"):
        assert wheel.stat().st_mode & 0o444 == 0o444
        run("unzip", "-q", wheel, "-d", unpacked / wheel.stem)
        for library in (unpacked / wheel.stem).rglob("*.so*"):
            assert ".debug_info" not in run("readelf", "--section-headers", library).stdout


def test_what_building_needs_is_locked_and_another_build_takes_from_the_cache(with_sources, unpacked):
    text = (with_sources.root / "project/locks/build-py3.11.txt").read_text()
    assert "# for fastadd.tar.gz\n" in text
    assert "# for psycopg2-2.9.9.tar.gz\n" in text
    assert "setuptools==" in text
    (with_sources.root / "project/extra.txt").write_text("a change of the app alone\n")
    again = with_sources.run("deploy/build_tarball.sh", "1", ENGINE="docker")
    assert (again.returncode, "building" in again.stdout) == (0, False)


def test_what_the_lock_of_build_tools_does_not_say_is_added(with_sources, unpacked):
    """As when another target of this Python, which had wheels of these, made the lock."""
    path = with_sources.root / "project/locks/build-py3.11.txt"
    text = path.read_text()
    path.write_text(text[text.index("# for psycopg2-2.9.9.tar.gz\n") :])
    result = with_sources.run("deploy/build_tarball.sh", "1", ENGINE="docker")
    assert (result.returncode, path.read_text()) == (0, text)
    assert "build-py3.11.txt does not say what building fastadd.tar.gz needs: adding it" in result.stdout


def test_a_missing_header_s_library_is_named(with_sources, unpacked):
    with with_sources.changed("project/build-packages.txt", "# none\n"):
        result = with_sources.run("deploy/build_tarball.sh", "2", ENGINE="docker")
    assert result.returncode in (69, 70)
    log = Path(re.search(r"the whole log is (\S+);", result.stderr)[1])
    assert "pg_config executable not found" in log.read_text()
    assert list(with_sources.root.glob("dist/*/*-v2.tar.gz")) == []
