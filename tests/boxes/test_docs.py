"""The commands in the pages, run as they stand there: README.md and box.md of the project, on a booted box; what
security.md tells who approves a bundle, and questions.md who carries it on small media.

Only names are put in: the box's for user@box, and what the lab's ssh needs. tests/bake/test_docs.py checks the others.
"""

import json
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
# They take minutes, or ask a service; tests/docker/ has tests of each.
NOT_AGAIN = ("make reproduce", "make audit", "make rehearse")


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


def test_who_approves_a_bundle(project, deployed, tmp_path):
    key = tmp_path / "app.pem"
    for verb, variables in (("keygen", {}), ("tarball", {"VERSION": VERSION})):
        made = project.make(verb, SIGN_KEY=key, **variables)
        assert made.returncode == 0, made.stdout + made.stderr
    lines = [
        line for line in commands(SOURCE / "docs/security.md", "Approve a bundle") if not line.startswith(NOT_AGAIN)
    ]
    assert [line.split()[:2] for line in lines] == [
        ["make", "inspect"],
        ["make", "diff"],
        ["mkdir", "look"],
        ["tar", "-xzOf"],
    ]
    inspected, changed, _, parts = (told(project, line.replace("app.pem.pub", f"{key}.pub")).stdout for line in lines)
    assert "wheels: " in inspected and f"app-v{FORMER} -> app-v{VERSION}" in changed
    assert json.loads(parts)["specVersion"] == "1.6"


def test_small_media(project, deployed):
    split, join = commands(SOURCE / "docs/questions.md", "One CD, a small USB stick, a diode")
    tarball = project.tarball(FORMER)
    content = tarball.read_bytes()
    told(project, split.replace("600m", "6m"))
    assert len(list(tarball.parent.glob(f"{tarball.name}.part.*"))) > 2
    tarball.unlink()
    told(project, join)
    assert tarball.read_bytes() == content


def told(project, line):
    """Run a command of a page with the versions that are here: make in the project, others where the tarballs lie."""
    line = re.sub("201801(19|26)", lambda match: {"19": FORMER, "26": VERSION}[match[1]], line)
    (tarballs,) = project.root.glob("dist/debian-*")
    place = project.root if line.startswith("make ") else tarballs
    result = run("sh", "-c", line, check=False, cwd=place, env=environment())
    assert result.returncode == 0, f"{line}\n{result.stderr}"
    return result
