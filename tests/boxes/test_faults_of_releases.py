"""New releases that do not work: the old one serves all the while, the new one is marked BAD, and says why."""

import pytest

import variants
from faults import asking, one_mode

pytestmark = one_mode
REASONS = {
    "import error": "broken on purpose",
    "answers 500": "answers / with 500, for 10 s now",
    "crash loop": "loses its workers while it answers",
    "too slow": "did not answer / with 200",
}


# The gate's patience is a minute: once in make test, twice in make test-all.
@pytest.mark.parametrize(
    "variant", ["import error", "crash loop", "answers 500", pytest.param("too slow", marks=pytest.mark.full)]
)
def test_a_release_that_does_not_work(installation, variant):
    """FAULTS 3 and 4."""
    bad = variant.replace(" ", "-")
    variants.build(installation.project, bad, variant)
    with asking(installation, "2"):
        result = installation.deploy(bad)
    assert result.returncode == 1, result.stdout + result.stderr
    assert REASONS[variant] in result.stderr
    assert "app-v2 is still in service" in result.stderr
    assert installation.settled() == "2"
    assert bad in installation.ssh(f"ls {installation.base}/state/bad").stdout.split()


@pytest.mark.parametrize("failures", [2, pytest.param(10, marks=pytest.mark.full)])
def test_failures_do_not_push_the_good_releases_out(installation, failures):
    """FAULTS 16."""
    for number in range(failures):
        variants.build(installation.project, f"{failures}.{number}", "", test="raise SystemExit(1)\n")
        assert installation.deploy(f"{failures}.{number}").returncode == 1
    good = f"good-after-{failures}"
    installation.project.build(good)
    installation.must_deploy(good)
    assert installation.activate("--back").returncode == 0
    assert installation.settled() == "2"


def test_where_a_rollback_goes(installation):
    """FAULTS 14."""
    assert installation.activate("2").returncode == 0
    bad = installation.ssh(f"ls {installation.base}/state/bad").stdout.split()
    refusals = {"2": "is in service already", "never": "is not installed"}
    refusals.update(dict.fromkeys(bad[:1], "was refused when it was deployed"))
    for version, reason in refusals.items():
        result = installation.activate("--back", version)
        assert (result.returncode, reason in result.stderr) == (78, True), result.stderr
    assert installation.activate("--back").returncode == 0
    assert installation.settled() == "1"
    none = installation.activate("--back")
    assert (none.returncode, installation.settled()) == (78, "1")
    assert "no good release before 1" in none.stderr
    assert installation.activate("--back", "2").returncode == 0
    assert installation.settled() == "2"
