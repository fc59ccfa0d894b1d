"""Deployments and rollbacks that are killed, or fail, at each of their steps.

After every case: a client sees only good answers; within a minute everything agrees; the next deployment needs no
help; exit status 0 only if the new version is live; every release is whole. `make test` tries a few steps,
`make test-all` every one.
"""

import pytest

from faults import USER_IN_FULL, Installation, asking, one_mode
from lab.command import wait_until
from operating import installed

SAMPLE = 12
SAMPLE_OF_SETTINGS = 4


def chosen(request, count, sample=SAMPLE):
    """The steps to try out of `count`."""
    everything = request.config.getoption("markexpr", "") == ""
    return range(1, count + 1) if everything else range(1 + sample // 2, count + 1, sample)


@pytest.fixture(scope="module")
def first(request, project):
    """A box with release 1 alone."""
    project.build("1")
    with installed(project, request.param, "1", kind=Installation) as installation:
        yield installation


@one_mode
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


@pytest.mark.parametrize("first", USER_IN_FULL, indirect=True, scope="module")
@pytest.mark.parametrize("kind", ["fail", pytest.param("kill", marks=pytest.mark.full)])
def test_a_first_release_serves_or_leaves_nothing_behind(request, first, kind):
    """FAULTS 1 and 2, where there is no release to go back to."""
    never_served(first)
    count = first.steps("activate", "1")
    everything = request.config.getoption("markexpr", "") == ""
    for step in range(1 if everything else count - 9, count + 1, 1 if everything else 3):
        never_served(first)
        result = first.inject(kind, step, "activate", "1")
        after = first.settled()
        where = f"{kind} {step} of {count}: {result.stdout}{result.stderr}"
        assert after in ("", "1"), where
        assert result.returncode != 0 or after == "1", where
        marks = first.ssh(f"cd {first.base}/state && ls bad good", check=False).stdout.split()
        assert "1" not in marks[marks.index("bad:") : marks.index("good:")] or after == "", where + str(marks)


def never_served(first):
    """As after an installation that ended before release 1 was in service."""
    first.ssh(f"sh {first.base}/app-v1/deploy/activate.sh --stop", check=False)
    first.ssh(f"cd {first.base} && rm -rf current state/bad state/good && mkdir state/bad state/good")


@one_mode
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
