"""Power cuts and kills at any moment: the disk then holds the old or the new release, whole."""

import random
import shlex
import shutil
import subprocess
import time
from collections import Counter

import pytest

from faults import USER_IN_FULL, Installation, asking
from lab.command import run
from lab.network import processes_behind
from lab.project import environment
from lab.skip import Unavailable

# Each file and its size, but of what grows all the while.
SIZES = ["find", ".", "(", "-path", "./logs", "-o", "-path", "./state/supervisor", ")", "-prune", "-o"]
SIZES += ["-type", "f", "-printf", r"%s %p\n"]


@pytest.fixture
def mode(request):
    """root or user."""
    return request.param


@pytest.fixture
def disk(box, mode, tmp_path):
    """A disk of the box's own that holds BASE: what a power cut leaves of it is what its image holds at that moment."""
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
        place = {"root": "/opt", "user": "/home"}[mode]
        run(*inside, "sh", "-c", f"mount /disk /mnt && cp -a {place}/. /mnt && umount /mnt && mount /disk {place}")
        yield image
        box.power_off()
    finally:
        run("losetup", "--detach", device)


@pytest.mark.parametrize("mode", USER_IN_FULL, indirect=True)
def test_a_power_cut_right_after_done(project, box, disk, mode, tmp_path):
    """FAULTS 17."""
    for version in ("1", "2"):
        project.build(version)
    installation = Installation(project, box, mode)
    installation.must_deploy("1")
    installation.must_deploy("2")
    after_the_cut = tmp_path / "after.img"
    shutil.copyfile(disk, after_the_cut)
    files = box.ssh(f"cd {installation.base} && {' '.join(map(shlex.quote, SIZES))}").stdout
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    run("mount", "-o", "loop", after_the_cut, mounted)
    try:
        app = mounted / "app"
        assert (app / "current").readlink().name == "app-v2"
        for version in ("1", "2"):
            run("sha256sum", "--quiet", "-c", f"app-v{version}/SHA256SUMS", cwd=app)
        found = run(*SIZES, cwd=app).stdout
        lost = set(files.splitlines()) - set(found.splitlines())
        assert not [line for line in lost if "./run/" not in line and "lock.holder" not in line], lost
    finally:
        run("umount", mounted)


@pytest.mark.full
@pytest.mark.parametrize("rounds", [25])
@pytest.mark.parametrize("mode", ["root", "user"], indirect=True)
def test_random_kills_and_reboots(project, box, mode, rounds):
    """FAULTS 18: each round a deployment or a rollback is killed somewhere, every fifth time with the whole box."""
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    installation = Installation(project, box, mode)
    for version in ("1", "2", "3"):
        project.build(version)
    installation.must_deploy("1")
    installation.must_deploy("2")
    outcomes = Counter()
    for number in range(1, rounds + 1):
        installation.forget_release_3()
        rollback = f"sh {installation.base}/current/deploy/activate.sh --back"
        command = chance.choice(["sh setup.sh 3 app", rollback])
        stop_somewhere(installation, command, chance.uniform(0.1, 12), with_the_box=number % 5 == 0)
        where = f"seed {seed}, round {number}: {command}"
        after = installation.settled()
        outcomes[after] += 1
        assert after in ("1", "2", "3"), where
        assert installation.intact() is True, where
        with asking(installation, "1", "2", "3"):
            assert installation.activate("2").returncode == 0, where
    print(mode, "mode, in service after each round:", dict(outcomes))


def stop_somewhere(installation, command, seconds, with_the_box):
    """Start a command in the box and end it, or the box, without a warning."""
    bundles = [f"app-v3.tar.gz{suffix}" for suffix in ("", ".sha256")]
    for name in bundles:
        installation.box.copy_to(installation.project.tarball("3").with_name(name), ".", installation.user)
    installation.box.copy_to(installation.project.root / "deploy/setup.sh", ".", installation.user)
    ssh = ["ssh", "-F", installation.box.ssh_config, installation.host, command]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(ssh, env=environment(), **quiet) as deployment:
        time.sleep(seconds)
        if with_the_box:
            installation.box.power_cut()
            installation.box.power_on()
        else:
            installation.ssh("pkill -KILL -f 'setup.sh 3|deploy/release (install|activate|rollback)'", check=False)
        deployment.wait(120)
