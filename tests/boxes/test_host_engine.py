"""What the host engine builds installs on a box and is verified there, in both modes (elsewhere: docker's)."""

import pytest

from lab.apt import SUITES, this_debian
from lab.box import boot_box
from lab.project import generate
from lab.skip import Unavailable


@pytest.fixture(scope="module")
def host_project(tmp_path_factory):
    """A project for this machine's own system, and release 1 of it built by this machine."""
    if f"debian-{this_debian()}" not in SUITES:
        raise Unavailable("the host engine builds for this machine, for whose system there is no box")
    project = generate(tmp_path_factory.mktemp("project"), target_version=this_debian())
    project.build("1", ENGINE="host")
    return project


@pytest.mark.parametrize("login", ["root", "app"], ids=["root mode", "user mode"])
def test_it_installs_and_is_verified(host_project, login):
    with boot_box(f"debian-{this_debian()}") as box:
        where = {"HOST": f"{login}@{box.address}", "VERSION": "1", "SSH_CONFIG": box.ssh_config}
        deployed = host_project.make("deploy", **where, USERNAME="app")
        assert deployed.returncode == 0, deployed.stderr
        verified = host_project.make("verify", **where)
        assert (verified.returncode, " 0 red" in verified.stdout) == (0, True), verified.stdout
        assert box.ssh("grep ^ENGINE= $(readlink -f ~app/app-v1)/BUNDLE").stdout == "ENGINE=host\n"
