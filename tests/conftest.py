"""What all layers share: layers as markers, time limits, what a machine cannot do, and the lab's fixtures."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from lab.box import boot_box
from lab.engine import docker_engine, require_base_image
from lab.project import generate
from lab.skip import Unavailable

HERE = Path(__file__).parent
# Seconds for one test with its fixtures, which make the first box and image and compile CPython.
TIME_LIMITS = {"bake": 60, "scripts": 120, "hostile": 3600, "docker": 3600, "boxes": 3600}


def pytest_collection_modifyitems(items):
    """A test's layer is its directory: that gives it its marker and its time limit."""
    for item in items:
        layer = item.path.relative_to(HERE).parts[0]
        item.add_marker(layer)
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIME_LIMITS[layer]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """A fixture that this machine cannot provide skips the test, with the reason."""
    return (yield from skipped_if_unavailable())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """So does a call within the test."""
    return (yield from skipped_if_unavailable())


def skipped_if_unavailable():
    try:
        return (yield)
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where CI=true nothing may be skipped: a machine that cannot run a test there is a mistake."""
    return failed_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Nor may a whole file."""
    return failed_in_ci((yield))


def failed_in_ci(report):
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI=true forbids: {report.longrepr[2]}"
    return report


@pytest.fixture
def box():
    """A fresh booted Debian 12 for this test alone."""
    with boot_box("debian-12") as box:
        yield box


@pytest.fixture(scope="module")
def debian_box():
    """A booted Debian 12 that the tests of one file share."""
    with boot_box("debian-12") as box:
        yield box


@pytest.fixture(scope="session")
def engine():
    """A Docker engine that answers."""
    with closing(docker_engine()) as engine:
        yield engine


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project for Debian 12 as the template generates it, with an engine at hand that can build for it."""
    require_base_image("debian:12")
    return generate(tmp_path_factory.mktemp("project"))
