"""Generate projects from this template, by Cookiecutter's own API."""

import pytest

from lab.project import generate


@pytest.fixture
def bake(tmp_path):
    """Return bake(**answers) -> Path of the project that was generated in tmp_path/out."""
    output = tmp_path / "out"
    output.mkdir()

    def bake(**answers):
        return generate(output, **answers).root

    return bake
