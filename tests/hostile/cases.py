"""How many cases of the corpus are tried, and in which ways setup.sh runs."""

import subprocess

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cell import USERNAME

SHELLS = [("/bin/dash",), ("/bin/bash", "--posix"), ("/bin/busybox", "sh")]
ways = st.tuples(st.booleans(), st.sampled_from(SHELLS))
ways_by_name = pytest.mark.parametrize(
    "way", [(root, shell) for root in (True, False) for shell in SHELLS], ids=lambda way: f"{way[0]}-{way[1][0]}"
)
SOME, MANY = 15, 500
corpus = pytest.mark.parametrize("cases", [SOME, pytest.param(MANY, marks=pytest.mark.full)])


def each(cases, **strategies):
    """Try a function on so many cases, the same ones each time where they are few."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    options = {"deadline": None, "derandomize": cases == SOME, "suppress_health_check": checks}
    chosen = hypothesis_settings(max_examples=cases, **options)
    return lambda function: chosen(given(**strategies)(function))()


def clear_base(cell):
    subprocess.run(["rm", "-rf", cell.opt / "app"], check=True)
    subprocess.run(["find", cell.home / USERNAME, "-mindepth", "1", "-delete"], check=True)
