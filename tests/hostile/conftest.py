"""The cell that the tests of one file share."""

import pytest

from cell import open_cell


@pytest.fixture(scope="module")
def cell():
    with open_cell() as cell:
        yield cell
