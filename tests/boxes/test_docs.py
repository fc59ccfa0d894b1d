"""The commands in the pages, run as they stand there: README.md and box.md of the project, on a booted box.

Only names are put in: the box's for user@box, and what the lab's ssh needs. tests/bake/test_docs.py checks the others.
"""

import re

import pytest

from bake.pages import commands
from bake.template import SOURCE
from lab.box import boot_box
from lab.command import run
from lab.project import environment

VERSION, FORMER = "20180119", "20180118"
# It resolves anew with the index of the day; tests/docker/ has locks made.
NOT_HERE = ("make lock",)


@pytest.fixture(scope="module")
def deployed(project):
    """A box, with the release before the one that the pages speak of."""
    project.build(FORMER)
    with boot_box("debian-12") as box:
        made = project.make("deploy", **where(box), VERSION=FORMER)
        assert made.returncode == 0, made.stdout + made.stderr
        yield box


def where(box):
    return {"HOST": f"root@{box.address}", "USERNAME": "app", "SSH_CONFIG": box.ssh_config}


def test_on_the_build_host(project, deployed):
    """Every command of README.md, in its order, from doctor to rollback."""
    lines = commands(SOURCE / "README.md", "On the build host")
    assert len(lines) > 7 and all(line.startswith("make ") for line in lines)
    for line in lines:
        if line not in NOT_HERE:
            words = line.replace("user@box", f"root@{deployed.address}").split()
            more = environment(USERNAME="app", SSH_CONFIG=deployed.ssh_config)
            result = run(*words, check=False, env=more, cwd=project.root, timeout=600)
            assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
    assert deployed.get("/version") == FORMER


def test_on_the_box(project, deployed):
    """What README.md and box.md tell operators, but for what waits, asks or takes everything away."""
    lines = [*commands(SOURCE / "README.md", "On the box"), *commands(SOURCE / "docs/box.md", "Check")]
    assert any("--back" in line for line in lines) and any("systemctl status" in line for line in lines)
    # The test before went back.
    deployed.ssh(f"sh /opt/app/current/deploy/activate.sh {VERSION}", timeout=120)
    for line in lines:
        if "setup.sh" in line or line.startswith("sh current/"):
            continue
        result = deployed.ssh(line, check=False, timeout=120)
        assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
    by_hand = next(line for line in commands(SOURCE / "docs/box.md") if re.match(r"cd app-v\d+ &&", line))
    assert deployed.ssh(by_hand.replace(VERSION, FORMER), user="app").returncode == 0
