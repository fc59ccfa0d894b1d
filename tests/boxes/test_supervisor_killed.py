"""User mode: whatever is killed comes back, supervisord too."""

import pytest

from lab.command import wait_until
from lab.load import Load
from supervised import activate, deploy, masters, network, page, pids, succeed

# What cron runs once a minute.
WATCH = "crontab -l | sed -n 's/^[*] [*] [*] [*] [*] //p'"


def test_what_is_killed_is_started_again(served):
    (master,) = masters(served)
    (worker, *_) = served.ssh(f"pgrep -P {master}").stdout.split()
    served.ssh(f"kill -9 {worker}")
    assert page(served) == "1"
    served.ssh(f"kill -9 {master}")
    assert wait_until(lambda: masters(served) not in ([], [master]) and page(served) == "1", seconds=20)


def test_a_killed_holder_comes_back_and_the_port_stays_open(served):
    with Load("127.0.0.1", "/version", {"1"}, 1337, threads=2, namespace=network(served)) as load:
        (holder,) = pids(served, "^sleep 2147483647")
        served.ssh(f"kill -9 {holder}")
        assert wait_until(lambda: pids(served, "^sleep 2147483647") not in ([], [holder]), seconds=10)
    assert load.figures.failures == []


@pytest.mark.parametrize(
    ("how", "version"),
    [
        ("activation", "1"),
        ("activation", "2"),
        ("crontab line", "1"),
        pytest.param("cron", "1", marks=pytest.mark.full),
    ],
)
def test_a_killed_supervisord_is_replaced(bundles, served, how, version):
    """By the next activation, or by cron within a minute; until then the application serves on."""
    if version == "2":
        succeed(deploy(bundles, served, "2"))
        succeed(activate(served, "1"))
    watch = served.ssh(WATCH, user="app").stdout
    assert watch.startswith("sh /home/app/current/deploy/box/supervisor/watch.sh")
    (supervisord,) = pids(served, "run.py supervisord")
    if how != "cron":
        served.ssh("crontab -r", user="app")
    served.ssh(watch, user="app")
    assert pids(served, "run.py supervisord") == [supervisord]
    served.ssh(f"kill -9 {supervisord}")
    assert page(served) == "1"
    if how == "activation":
        succeed(activate(served, version))
    if how == "crontab line":
        served.ssh(watch, user="app")
    assert wait_until(lambda: pids(served, "run.py supervisord") and page(served) == version, seconds=90)
    assert wait_until(lambda: len(masters(served)) == 1, seconds=10)
    assert len(pids(served, "^sleep 2147483647")) == 1
