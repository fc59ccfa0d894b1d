"""Deployments and rollbacks that are killed, or fail, at each of their steps.

After every case: a client sees only good answers; within a minute everything agrees; the next deployment needs no
help; exit status 0 only if the new version is live; every release is whole. `make test` tries every twelfth step,
`make test-all` every one.
"""

import pytest

from faults import Installation, asking
from lab.box import boot_box

SAMPLE = 12


@pytest.fixture(scope="module", params=["root", pytest.param("user", marks=pytest.mark.full)])
def installation(request, project):
    """Releases 1 and 2 on a box."""
    with boot_box("debian-12") as box:
        installation = Installation(project, box, request.param)
        for version in ("1", "2"):
            project.build(version)
            installation.must_deploy(version)
        yield installation


def chosen(request, count):
    """The steps to try out of `count`."""
    everything = request.config.getoption("markexpr", "") == ""
    return range(1, count + 1) if everything else range(1 + SAMPLE // 2, count + 1, SAMPLE)


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
