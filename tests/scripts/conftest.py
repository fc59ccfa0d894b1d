"""What the tests of scripts share."""

import pytest

import building
from box_home import made_home
from packing import built, compiled, project  # noqa: F401 (fixtures)


@pytest.fixture
def home():
    """A home of an account without rights, with setup.sh in it."""
    with made_home() as directory:
        yield directory


@pytest.fixture
def app_directory(tmp_path, monkeypatch):
    """A project/ of the builder's, with no file in it yet."""
    directory = tmp_path / "project"
    directory.mkdir()
    monkeypatch.setattr(building.part("builder.requirements"), "APP", directory)
    monkeypatch.setattr(building.part("builder.settings"), "PROJECT", tmp_path)
    return directory
