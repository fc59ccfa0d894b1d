"""What comes between the build host and the box: reboots, lost connections, uploads that are cut off."""

import subprocess
import sys
import time

import pytest

from faults import asking, both_modes, one_mode
from lab import slow_link
from lab.command import wait_until
from lab.project import environment

pytestmark = pytest.mark.usefixtures("back_to_release_2")


def upload(installation, ssh_config=None):
    """make deploy of release 3, for whoever is going to disturb it."""
    variables = environment(SSH_CONFIG=ssh_config or installation.box.ssh_config, USERNAME="app")
    command = [installation.project.root / "deploy/ship.sh", installation.host, "3"]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_the_switch(installation):
    """Return in the midst of a switch-over."""
    journal = installation.box.root / installation.base[1:] / "state/switching"
    assert wait_until(journal.exists, 60)


def hang_up(installation):
    """End every ssh session of whoever installs, at once."""
    installation.box.ssh(f"pkill -KILL -f 'sshd: {installation.user}@notty'", check=False)


@both_modes
def test_a_reboot_in_the_midst(installation):
    """FAULTS 9 and 20."""
    with upload(installation) as deployment:
        wait_for_the_switch(installation)
        installation.box.power_cut()
        installation.box.power_on()
        deployment.communicate(timeout=60)
    assert installation.settled() in ("2", "3")
    installation.must_deploy("3")
    assert installation.settled() == "3"
    assert installation.activate("--back").returncode == 0
    installation.box.reboot()
    assert installation.settled() == "2"


@one_mode
@pytest.mark.parametrize("moment", [0.5, 3.0])
def test_a_connection_that_is_lost_early(installation, moment):
    """FAULTS 11, at so many seconds: while uploading or installing."""
    lose_connection(installation, lambda: time.sleep(moment))


@both_modes
def test_a_connection_that_is_lost_during_the_switch(installation):
    """FAULTS 11."""
    lose_connection(installation, lambda: wait_for_the_switch(installation))


def lose_connection(installation, wait):
    """The deployment finishes or reverts by itself."""
    with asking(installation, "2", "3"):
        with upload(installation) as deployment:
            wait()
            hang_up(installation)
            deployment.communicate(timeout=120)
        assert installation.settled() in ("2", "3")
        installation.must_deploy("3")
    assert installation.settled() == "3"


@one_mode
def test_an_upload_that_is_cut_off(installation, tmp_path):
    """FAULTS 12: what arrived of it is never used."""
    slow = tmp_path / "ssh_config"
    proxy = f"{sys.executable} {slow_link.__file__} %h %p {2 * 1024 * 1024}"
    slow.write_text(installation.box.ssh_config.read_text() + f"  ProxyCommand {proxy}\n")
    installation.ssh("rm -rf ~/.offline-flask.*")
    with upload(installation, slow) as deployment:
        assert wait_until(lambda: list(installation.home.glob(".offline-flask.*/app-v3.tar.gz")), 60)
        hang_up(installation)
        _, errors = deployment.communicate(timeout=120)
    assert deployment.returncode == 73, errors
    assert installation.settled() == "2"
    installation.must_deploy("3")
    assert installation.settled() == "3"
