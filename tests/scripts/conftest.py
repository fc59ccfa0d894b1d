"""What the tests of scripts share."""

import pytest

from box_home import made_home


@pytest.fixture
def home():
    """A home of an account without rights, with setup.sh in it."""
    with made_home() as directory:
        yield directory
