"""Deployments and rollbacks that are killed, or fail, at each of their steps.

After every case: a client sees only good answers; within a minute everything agrees; the next deployment needs no
help; exit status 0 only if the new version is live; every release is whole. `make test` tries a few steps,
`make test-all` every one.
"""

import pytest

from faults import asking, one_mode
from lab.command import wait_until

pytestmark = one_mode
SAMPLE = 12
SAMPLE_OF_SETTINGS = 4


def chosen(request, count, sample=SAMPLE):
    """The steps to try out of `count`."""
    everything = request.config.getoption("markexpr", "") == ""
    return range(1, count + 1) if everything else range(1 + sample // 2, count + 1, sample)


@pytest.mark.parametrize("kind", ["kill", "fail"])
@pytest.mark.parametrize("command", ["activate", "rollback"])
def test_any_step_may_go_wrong(request, installation, command, kind):
    """FAULTS 1 and 2. Deploying ends with `activate`; `rollback` goes from 2 to 1."""
    start, goal = ("1", "2") if command == "activate" else ("2", "1")
    named = "2" if command == "activate" else ""
    assert installation.activate(start).returncode == 0
    count = installation.steps(command, named)
    assert count > 10
    for step in chosen(request, count):
        assert installation.activate(start).returncode == 0
        with asking(installation, "1", "2"):
            result = installation.inject(kind, step, command, named)
            after = installation.settled()
            where = f"{kind} {step} of {count}: {result.stdout}{result.stderr}"
            assert after in (start, goal), where
            assert result.returncode != 0 or after == goal, where
            assert installation.intact() is True, where
            again = installation.activate(goal)
            assert again.returncode == 0, where + again.stderr
            assert installation.settled() == goal, where


@pytest.mark.parametrize("kind", ["kill", "fail"])
@pytest.mark.parametrize(
    ("former", "new"), [("WORKERS=2", "WORKERS=3"), pytest.param("PORT=1337", "PORT=8001", marks=pytest.mark.full)]
)
def test_new_settings_may_stop_half_way(request, installation, former, new, kind):
    """FAULTS 1 and 2: afterwards what is recorded is in force. A new port may close the old one, so nobody asks."""
    assert installation.activate("2").returncode == 0
    installation.steps("activate", "2", former)
    count = installation.steps("activate", "2", new)
    assert (recorded(installation, new), in_force(installation, new)) == (new, new)
    for step in chosen(request, count, SAMPLE_OF_SETTINGS):
        installation.steps("activate", "2", former)
        result = installation.inject(kind, step, "activate", "2", new)
        where = f"{kind} {step} of {count}: {result.stdout}{result.stderr}"
        assert installation.settled() == "2", where
        after = recorded(installation, new)
        assert after in (former, new), where
        assert wait_until(lambda wanted=after: in_force(installation, new) == wanted, 40), where
        assert (result.returncode == 0) <= (after == new), where
    installation.steps("activate", "2", former)


def recorded(installation, setting):
    """That setting as the box remembers it."""
    return installation.ssh(f"grep ^{setting.partition('=')[0]}= {installation.base}/state/settings").stdout.strip()


def in_force(installation, setting):
    """That setting as the running processes have it."""
    if setting.startswith("WORKERS"):
        return f"WORKERS={int(installation.box.ssh('pgrep -u app -c -f [b]in/gunicorn').stdout) - 1}"
    listening = installation.box.ssh("ss -Hltn src 127.0.0.1 | awk '{ print $4 }'").stdout
    return listening.strip().replace("127.0.0.1:", "PORT=")
