"""The lab's own promises about boxes: what is in one, that it reaches nothing, that none is left."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.base_root import FORBIDDEN, base_root
from lab.berth import berths, clear_kept_berths
from lab.box import BoxFailed, boot_box, require_nspawn
from lab.clone import discard_clone, make_clone
from lab.command import CommandFailed, run
from lab.network import HOST_ADDRESS, NETWORK, refuse_collision
from lab.skip import Unavailable
from processes import command_lines

TESTS = Path(__file__).resolve().parents[1]


def traces(box):
    """What of `box` is left on this machine."""
    number = box.root.parent.name
    mark = re.compile(rf"(offline-flask-|flaskbox|boxes/){number}\b|{re.escape(box.address)}\b")
    commands = (
        "ip netns",
        "ip link",
        "ip rule",
        "ip route",
        "mount",
        f"find {berths()} -maxdepth 1",
    )
    lines = [line for command in commands for line in run(*command.split()).stdout.splitlines()]
    return [line for line in lines + command_lines() if mark.search(line)]


@pytest.fixture
def cache_of_its_own(tmp_path, monkeypatch):
    """A cache with the usual bases but no other box in it."""
    lab = tmp_path / "offline-flask/lab"
    lab.mkdir(parents=True)
    base = base_root("debian-12")
    (lab / "base").symlink_to(base.directory.parent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_three_users_log_in_and_only_the_right_ones_become_root(debian_box):
    assert debian_box.ssh("id -un", user="root").stdout == "root\n"
    assert debian_box.ssh("sudo -n id -un", user="deploy").stdout == "root\n"
    assert debian_box.ssh("sudo -n id -un", user="app", check=False).returncode == 1


def test_nobody_logs_in_without_the_key(debian_box):
    config = [
        "-F",
        debian_box.ssh_config,
        "-o",
        "IdentityFile=/dev/null",
        "-o",
        "PreferredAuthentications=password",
    ]
    refused = run("ssh", *config, f"root@{debian_box.address}", "true", check=False)
    assert (refused.returncode, "Permission denied" in refused.stderr) == (255, True)


def test_another_host_key_is_refused(debian_box, tmp_path):
    config = debian_box.ssh_config.read_text()
    wrong = tmp_path / "ssh_config"
    wrong.write_text(config.replace("UserKnownHostsFile ", "UserKnownHostsFile /dev/null\n  # "))
    refused = run("ssh", "-F", wrong, f"root@{debian_box.address}", "true", check=False)
    assert (refused.returncode, "Host key verification failed" in refused.stderr) == (255, True)


def test_it_is_a_server_with_systemd_nginx_and_cron(debian_box):
    assert debian_box.ssh("systemctl is-active ssh nginx cron").stdout.split() == ["active"] * 3
    assert "nginx" in debian_box.get()


def test_it_has_no_python_and_no_compiler(debian_box):
    names = " ".join(f"'{name}'" for name in FORBIDDEN)
    found = debian_box.ssh(f"for n in {names}; do find / -xdev -path '*bin/*' -name \"$n\"; done").stdout
    assert found == ""


def test_its_tmp_is_its_own_disk(debian_box):
    assert debian_box.ssh("stat -f -c %T /tmp /").stdout.split() == ["overlayfs"] * 2


def test_input_and_copied_files_arrive(debian_box, tmp_path):
    assert debian_box.ssh("tr a-z A-Z", input="hello\n").stdout == "HELLO\n"
    (tmp_path / "a file").write_text("content\n")
    debian_box.copy_to(tmp_path, "/tmp/copied", user="app")
    assert debian_box.ssh("cat '/tmp/copied/a file'; stat -c %U /tmp/copied").stdout == "content\napp\n"


def test_a_failing_command_says_what_it_printed(debian_box):
    with pytest.raises(CommandFailed, match="(?s)exit 3 .*spoken"):
        debian_box.ssh("echo spoken >&2; exit 3")
    assert debian_box.ssh("exit 3", check=False).returncode == 3


def connect_from(box, address, port):
    """Open a TCP connection from `box`; bash's exit code and error."""
    result = box.ssh(f"timeout 2 bash -c 'exec 3<>/dev/tcp/{address}/{port}'", check=False)
    return result.returncode, result.stderr


def test_it_has_no_way_out(debian_box):
    assert debian_box.ssh("ip route").stdout.split()[0] == str(HOST_ADDRESS)
    assert debian_box.ssh("ip route show default; ip -6 route show default; cat /etc/resolv.conf").stdout == ""
    assert "Network is unreachable" in connect_from(debian_box, "192.0.2.1", 80)[1]


def test_nobody_passes_its_packets_on_even_with_a_default_route(box, debian_box):
    """Given what root in the box may not do, a default route, it still reaches nothing but this machine."""
    run("ip", "-netns", box.name, "route", "add", "default", "via", str(HOST_ADDRESS), "dev", "host0")
    with socket.create_server(("", 0)) as server:
        assert connect_from(box, HOST_ADDRESS, server.getsockname()[1]) == (0, "")
    for outside in (debian_box.address, "192.0.2.1", "8.8.8.8"):
        coming_in = ["from", box.address, "iif", f"flaskbox{box.root.parent.name}"]
        verdict = run("ip", "route", "get", outside, *coming_in, check=False)
        assert "Permission denied" in verdict.stderr, verdict.stdout
        assert connect_from(box, outside, 22)[0] != 0


def test_what_one_box_writes_stays_in_it(debian_box):
    debian_box.ssh("echo changed >/etc/motd && rm /etc/nginx/nginx.conf")
    with boot_box("debian-12") as other:
        assert other.ssh("cat /etc/motd; ls /etc/nginx/nginx.conf").stdout.endswith("/etc/nginx/nginx.conf\n")
    assert "changed" not in (base_root("debian-12").root / "etc/motd").read_text()


def test_its_disk_outlives_a_reboot(box):
    boot = "cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1"
    box.ssh("echo kept >/etc/kept; touch /run/gone")
    before = box.ssh(boot).stdout
    box.reboot()
    assert box.ssh("cat /etc/kept; ls /run/gone", check=False).stdout == "kept\n"
    assert box.ssh(boot).stdout != before


def test_services_are_stopped_at_power_off_but_not_at_power_cut(box):
    witness = "systemd-run --quiet --property=ExecStop='touch /etc/stopped' sleep infinity"
    box.ssh(witness)
    box.power_cut()
    with pytest.raises(CommandFailed, match="exit 255"):
        box.ssh("true")
    box.power_on()
    assert box.ssh("ls /etc/stopped", check=False).returncode == 2
    box.ssh(witness)
    box.power_off()
    box.power_on()
    assert box.ssh("ls /etc/stopped").returncode == 0


def test_several_at_once_are_apart(debian_box):
    with ExitStack() as stack:
        boxes = [debian_box, *(stack.enter_context(boot_box("debian-12")) for _ in range(2))]
        assert len({box.address for box in boxes}) == 3
        assert [box.ssh("hostname").stdout.strip() for box in boxes] == [box.name for box in boxes]


def test_one_is_up_within_seconds(debian_box):
    begin = time.monotonic()
    with boot_box("debian-12"):
        took = time.monotonic() - begin
    assert took < 10, f"{took:.1f} s"


def test_nothing_is_left_of_one_whose_user_fails():
    with pytest.raises(ZeroDivisionError), boot_box("debian-12") as box:
        assert len(traces(box)) >= 5
        raise ZeroDivisionError
    assert traces(box) == []


def test_nothing_is_left_of_one_that_does_not_boot():
    with pytest.raises(BoxFailed, match="end of its console"), boot_box("debian-12") as box:
        box.power_off()
        (box.root / "usr/lib/systemd/systemd").unlink()
        box.power_on()
    assert traces(box) == []


BOOT_IN_A_CHILD = """
import sys, time
from lab.box import boot_box
with boot_box("debian-12", keep=sys.argv[1] == "keep") as box:
    print(box.root.parent, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def boot_in_a_child(keep, seconds):
    """A process that holds a box for `seconds`; returns it and the box's directory."""
    require_nspawn()
    command = [sys.executable, "-c", BOOT_IN_A_CHILD, keep, str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    directory = Path(child.stdout.readline().strip())
    assert directory.is_dir()
    return child, directory


def test_interrupted_it_cleans_up():
    child, directory = boot_in_a_child("put away", 600)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert not directory.exists()


def test_killed_the_next_one_cleans_up(cache_of_its_own):
    child, directory = boot_in_a_child("put away", 600)
    child.kill()
    child.communicate(timeout=60)
    assert directory.exists()
    with boot_box("debian-12"):
        assert not directory.exists()
    assert not [line for line in command_lines() if str(directory) in line]


def test_kept_it_runs_on_until_it_is_ended(cache_of_its_own):
    child, directory = boot_in_a_child("keep", 0)
    child.communicate(timeout=60)
    with boot_box("debian-12"):
        address = NETWORK[int(directory.name)]
        assert run("ssh", "-F", directory / "ssh_config", f"root@{address}", "id -un").stdout == "root\n"
    (directory / "kept").write_text(f"{TESTS}\n")
    assert clear_kept_berths() == 0, "another copy of the template keeps it"
    (directory / "kept").write_text(f"{TESTS}/one that was removed\n")
    assert clear_kept_berths() == 1
    assert not directory.exists()


def test_without_overlayfs_the_clone_is_a_copy(tmp_path):
    """An overlay cannot be the upper layer of another: a cache in a container, say."""
    base, outer = tmp_path / "base", tmp_path / "outer"
    (base / "etc").mkdir(parents=True)
    (base / "etc/motd").write_text("hello\n")
    outer.mkdir()
    cache = make_clone(base, outer)
    (cache / "box").mkdir()
    assert (make_clone(base, cache / "box") / "etc/motd").read_text() == "hello\n"
    assert not (cache / "box/root").is_mount()
    discard_clone(cache / "box")
    discard_clone(outer)
    assert (base / "etc/motd").exists()


@pytest.fixture
def rival_network():
    """Another interface of this machine in the middle of the boxes' network."""
    require_nspawn()
    run("ip", "link", "add", "rival0", "type", "bridge")
    run("ip", "address", "add", "10.213.7.1/24", "dev", "rival0")
    run("ip", "link", "set", "rival0", "up")
    yield
    run("ip", "link", "delete", "rival0")


def test_a_machine_that_uses_the_boxes_network_is_told_so(rival_network):
    with pytest.raises(Unavailable, match="overlaps this machine's route to 10.213.7.0/24 .rival0."):
        refuse_collision()


def test_an_unknown_system_is_named():
    with pytest.raises(Unavailable, match="no box for centos-5; there are debian-11, debian-12, debian-13"):
        base_root("centos-5")


@pytest.mark.full
@pytest.mark.parametrize("os_version", ["debian-11", "debian-13"])
def test_other_releases_of_debian_boot_as_well(os_version):
    with boot_box(os_version) as box:
        assert box.ssh(". /etc/os-release; echo $ID-$VERSION_ID").stdout == f"{os_version}\n"
        assert box.ssh("systemctl is-active ssh nginx cron").stdout.split() == ["active"] * 3
        box.reboot()
