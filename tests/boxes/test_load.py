"""Three upgrades and three rollbacks under load, through nginx, and a slow request in flight: nothing is lost."""

import time

import pytest

import variants
from faults import Installation
from lab.load import Load, OneRequest
from test_supervisor import put_nginx_before

VERSIONS = ("1", "2", "3", "4")
# Eight clients then ask some hundred times a second, and leave the processors time for the deployments.
PAUSE_SECONDS = 0.01
# Times there and back.
OLD_GUNICORNS_SWITCHES = 4


@pytest.mark.parametrize("mode", ["root", pytest.param("user", marks=pytest.mark.full)])
def test_no_request_is_lost_and_none_is_much_slower(project, box, mode):
    """FAULTS 13; the figures beside those of a quiet run are printed (-s shows them)."""
    installation = Installation(project, box, mode)
    for version in VERSIONS:
        variants.build(project, version, "slow page")
    installation.must_deploy("1")
    if mode == "user":
        put_nginx_before(box)
    with Load(box.address, "/version", {"1"}, pause=PAUSE_SECONDS) as quiet:
        time.sleep(10)
    with Load(box.address, "/version", set(VERSIONS), pause=PAUSE_SECONDS) as busy:
        switch_during_a_slow_request(installation, lambda: installation.deploy("2"))
        for version in VERSIONS[2:]:
            installation.must_deploy(version)
        switch_during_a_slow_request(installation, lambda: back_and_forth(installation))
        seconds = [timed_rollback(installation) for _ in "123"]
    print(f"\nquiet: {quiet.figures}\nbusy: {busy.figures}\nrollbacks: {seconds} s")
    assert installation.settled() == "1"
    assert not busy.figures.failures, busy.figures
    assert set(busy.figures.answers) == set(VERSIONS)
    assert busy.figures.requests > 1000


@pytest.mark.full
def test_no_request_is_lost_by_a_gunicorn_that_drops_what_it_has_accepted(project, box):
    """gunicorn 23, the last for Python 3.9, whose lock names it."""
    installation = Installation(project, box, "root")
    with project.changed("project/locks/py3.11.txt", (project.root / "project/locks/py3.9.txt").read_text()):
        for version in VERSIONS[:2]:
            variants.build(project, version, "slow page")
            installation.must_deploy(version)
    assert installation.ssh("ls -d /opt/app/app-v1/venv/lib/*/site-packages/gunicorn-23.*").stdout
    with Load(box.address, "/version", set(VERSIONS[:2]), threads=6) as busy:
        for _ in range(OLD_GUNICORNS_SWITCHES):
            back_and_forth(installation)
    print(f"\ngunicorn 23: {busy.figures}")
    assert not busy.figures.failures, busy.figures


def switch_during_a_slow_request(installation, switch):
    """The slow request began before the switch and is answered by the release that it began with."""
    before = installation.current()
    slow = OneRequest(installation.box.address, "/slow")
    time.sleep(0.2)
    result = switch()
    assert result.returncode == 0, result.stdout + result.stderr
    assert slow.page() == f"slow {before}"


def back_and_forth(installation):
    """To the former release, and again to the one that is still at work on the slow request."""
    before = installation.current()
    assert installation.activate("--back").returncode == 0
    return installation.activate(before)


def timed_rollback(installation):
    """How many seconds it took, ssh included."""
    start = time.monotonic()
    assert installation.activate("--back").returncode == 0
    return round(time.monotonic() - start, 1)
