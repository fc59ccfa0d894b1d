"""The package indexes that requirements files name reach the steps that fetch from a lock, which does not name them."""

import pytest

import building

indexes = building.part("builder.indexes")
network = building.part("builder.network")
requirements = building.part("builder.requirements")

MACHINE = {"PIP_INDEX_URL": "https://pypi.example/simple", "PIP_EXTRA_INDEX_URL": "https://more.example/simple"}


@pytest.fixture
def app(app_directory, tmp_path, monkeypatch):
    """A project/ of the builder's, on a machine with indexes of its own."""
    monkeypatch.setattr(network, "environment", lambda: dict(MACHINE))
    (tmp_path / "config.env").write_text(building.SETTINGS)
    return app_directory


def test_requirements_without_an_index_leave_the_machines(app):
    (app / "requirements.txt").write_text("Flask\n# --index-url https://no.example/simple\n")
    assert indexes.environment() == MACHINE


def test_extra_ones_are_added_and_an_index_takes_the_machines_place(app):
    (app / "requirements.txt").write_text("-r base.txt\n--extra-index-url=https://own.example/simple\nFlask\n")
    (app / "base.txt").write_text("-i https://base.example/simple\n--trusted-host \\\n  base.example\n")
    assert indexes.environment() == {
        "PIP_INDEX_URL": "https://base.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://more.example/simple https://own.example/simple",
        "PIP_TRUSTED_HOST": "base.example",
    }


def test_what_a_container_does_not_have_is_left_out(app):
    (app / "requirements.txt").write_text("--extra-index-url file:///opt/pypi\nFlask\n")
    assert indexes.environment() == MACHINE


def test_variables_come_from_the_environment_as_pip_has_them(app, monkeypatch):
    monkeypatch.setenv("TOKEN", "secret")
    monkeypatch.delenv("NONE", raising=False)
    (app / "requirements.txt").write_text("-i https://${TOKEN}:${NONE}@own.example/simple\nFlask\n")
    found = indexes.environment()
    assert found["PIP_INDEX_URL"] == "https://secret:${NONE}@own.example/simple"
    assert found["TOKEN"] == "secret" and "NONE" not in found


def test_other_sources_name_none(app):
    (app / "pyproject.toml").write_text('[project]\nname = "board"\ndependencies = ["Flask"]\n')
    assert indexes.environment() == MACHINE
