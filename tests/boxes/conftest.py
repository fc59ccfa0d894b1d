"""Releases and boxes that several files ask for."""

import pytest

import variants
from faults import Installation
from operating import installed
from supervised import deploy, succeed


@pytest.fixture(scope="module")
def installation(request, project):
    """Releases 1 and 2 on a box, 2 in service, in the mode that the test names; 3 is only built."""
    for version in ("1", "2", "3"):
        project.build(version)
    with installed(project, request.param, "1", "2", kind=Installation) as installation:
        yield installation


@pytest.fixture
def back_to_release_2(installation):
    """Whatever the test before left: 2 is in service, and 3 unknown."""
    assert installation.activate("2").returncode == 0
    installation.forget_release_3()


@pytest.fixture(scope="module")
def bundles(project):
    """Three good releases with a page that takes long, and a fourth whose application cannot be imported."""
    for version in ("1", "2", "3"):
        variants.build(project, version, "slow page")
    variants.build(project, "4", "import error")
    return project


@pytest.fixture
def served(bundles, box):
    """A box that release 1 serves, in user mode."""
    succeed(deploy(bundles, box, "1"))
    return box
