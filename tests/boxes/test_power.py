"""Power cuts and kills at any moment: the disk then holds the old or the new release, whole."""

import random
import shutil
import subprocess
import time

import pytest

from faults import Installation, asking
from lab.command import run
from lab.network import processes_behind
from lab.project import environment
from lab.skip import Unavailable


@pytest.fixture
def disk(box, tmp_path):
    """A disk of the box's own below /opt: what a power cut leaves of it is what its image holds at that moment."""
    image = tmp_path / "disk.img"
    run("truncate", "--size=1G", image)
    run("mkfs.ext4", "-q", "-F", image)
    device = run("losetup", "--find", "--show", image, check=False).stdout.strip()
    if not device:
        raise Unavailable("this machine has no loop device")
    number = device.removeprefix("/dev/loop")
    inside = ["nsenter", f"--target={min(processes_behind(box._cable))}", "--mount"]
    try:
        run(*inside, "mknod", "/disk", "b", "7", number)
        run(*inside, "mount", "/disk", "/opt")
        yield image
        box.power_off()
    finally:
        run("losetup", "--detach", device)


def test_a_power_cut_right_after_done(project, box, disk, tmp_path):
    """FAULTS 17."""
    for version in ("1", "2"):
        project.build(version)
    installation = Installation(project, box, "root")
    installation.must_deploy("1")
    installation.must_deploy("2")
    after_the_cut = tmp_path / "after.img"
    shutil.copyfile(disk, after_the_cut)
    files = box.ssh("cd /opt/app && find . -path ./logs -prune -o -type f -printf '%s %p\\n' | sort").stdout
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    run("mount", "-o", "loop", after_the_cut, mounted)
    try:
        app = mounted / "app"
        assert (app / "current").readlink().name == "app-v2"
        for version in ("1", "2"):
            run("sha256sum", "--quiet", "-c", f"app-v{version}/SHA256SUMS", cwd=app)
        found = run("find", ".", "-path", "./logs", "-prune", "-o", "-type", "f", "-printf", "%s %p\\n", cwd=app).stdout
        lost = set(files.splitlines()) - set(found.splitlines())
        assert not [line for line in lost if "./run/" not in line and "lock.holder" not in line]
    finally:
        run("umount", mounted)


@pytest.mark.full
@pytest.mark.parametrize("rounds", [25])
def test_random_kills_and_reboots(project, box, rounds):
    """FAULTS 18: each round a deployment or a rollback is killed somewhere, every fifth time with the whole box."""
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    installation = Installation(project, box, "root")
    for version in ("1", "2", "3"):
        project.build(version)
    installation.must_deploy("1")
    installation.must_deploy("2")
    for number in range(1, rounds + 1):
        installation.ssh("cd /opt/app && [ $(readlink current) = app-v3 ] || rm -rf app-v3 state/*/3")
        command = chance.choice(["cd /root && sh setup.sh 3 app", "sh /opt/app/current/deploy/activate.sh --back"])
        stop_somewhere(installation, command, chance.uniform(0.1, 8), with_the_box=number % 5 == 0)
        where = f"seed {seed}, round {number}: {command}"
        assert installation.settled() in ("1", "2", "3"), where
        assert installation.intact() is True, where
        with asking(installation, "1", "2", "3"):
            assert installation.activate("2").returncode == 0, where


def stop_somewhere(installation, command, seconds, with_the_box):
    """Start a command in the box and end it, or the box, without a warning."""
    bundles = [f"app-v3.tar.gz{suffix}" for suffix in ("", ".sha256")]
    for name in bundles:
        installation.box.copy_to(installation.project.tarball("3").with_name(name), "/root/")
    installation.box.copy_to(installation.project.root / "deploy/setup.sh", "/root/")
    ssh = ["ssh", "-F", installation.box.ssh_config, f"root@{installation.box.address}", command]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(ssh, env=environment(), **quiet) as deployment:
        time.sleep(seconds)
        if with_the_box:
            installation.box.power_cut()
            installation.box.power_on()
        else:
            installation.ssh("pkill -KILL -f 'setup.sh 3|deploy/release (install|activate|rollback)'", check=False)
        deployment.wait(120)
