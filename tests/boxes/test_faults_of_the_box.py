"""What goes wrong around a deployment: full disks, other deployments, lost connections, strangers, reboots."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults import Installation, asking
from lab import slow_link
from lab.box import boot_box
from lab.command import wait_until
from lab.project import environment


@pytest.fixture(scope="module")
def installation(project):
    """Releases 1 and 2 on a box, in root mode, 2 in service."""
    with boot_box("debian-12") as box:
        installation = Installation(project, box, "root")
        for version in ("1", "2", "3"):
            project.build(version)
        for version in ("1", "2"):
            installation.must_deploy(version)
        yield installation


@pytest.fixture(autouse=True)
def back_to_release_2(request):
    """Every test begins with 2 in service and 3 unknown."""
    if "installation" in request.fixturenames:
        installation = request.getfixturevalue("installation")
        assert installation.activate("2").returncode == 0
        installation.ssh("cd /opt/app && rm -rf app-v3 state/*/3")


STOP = "systemctl stop app.socket 'app*.service' 'app*.socket'"
START = "sh /opt/app/current/deploy/activate.sh"


@pytest.fixture
def small_disk(installation):
    """/opt/app on a file system of its own that is nearly full."""
    mount = "mount -t tmpfs -o size=160m small /opt/app"
    installation.ssh(f"{STOP}; cd /opt && mv app disk && mkdir app && {mount} && cp -a disk/. app/ && {START}")
    yield installation
    installation.ssh(f"{STOP}; cd /opt && umount -l app && rmdir app && mv disk app && {START}")


LISTING = "cd /opt/app && find . -path ./logs -prune -o -print | sort; cat state/good/*"


def test_a_full_disk_is_noticed_before_anything_is_touched(small_disk):
    """FAULTS 7: preflight."""
    small_disk.ssh("head -c 20m /dev/zero >/opt/app/ballast || true")
    before = small_disk.ssh(LISTING).stdout
    with asking(small_disk, "2"):
        result = small_disk.deploy("3")
    assert result.returncode == 78, result.stderr
    assert "KiB free" in result.stderr
    assert small_disk.ssh(LISTING).stdout == before


def test_a_disk_that_fills_up_all_the_way(small_disk):
    """FAULTS 7: state files are never cut short, and the logs' loss stops nobody."""
    small_disk.ssh("head -c 500m /dev/zero >/opt/app/ballast || true", check=False)
    with asking(small_disk, "1", "2"):
        small_disk.activate("1")
        small_disk.ssh("rm /opt/app/ballast")
        assert small_disk.settled() in ("1", "2")
    state = small_disk.ssh("cd /opt/app/state && cat good/* complete/* mode username").stdout
    assert state.count('"time"') == 4
    assert state.endswith("root\napp\n")


def test_of_many_deployments_one_wins(installation):
    """FAULTS 8 and 10."""
    with asking(installation, "2", "3"), ThreadPoolExecutor(6) as pool:
        results = list(pool.map(installation.deploy, ["3"] * 6))
    codes = sorted(result.returncode for result in results)
    assert set(codes) <= {0, 75}, codes
    assert 0 in codes and 75 in codes
    refused = [result.stderr for result in results if result.returncode == 75]
    assert all("another deployment runs: setup.sh 3, process" in text for text in refused), refused
    assert installation.settled() == "3"
    assert installation.ssh("flock -n /opt/app/state/lock true", check=False).returncode == 0


def test_a_reboot_in_the_midst(installation):
    """FAULTS 9 and 20."""
    with subprocess.Popen(
        [installation.project.root / "deploy/ship.sh", f"root@{installation.box.address}", "3"],
        env=environment(SSH_CONFIG=installation.box.ssh_config, USERNAME="app"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as deployment:
        assert wait_until(lambda: (installation.box.root / "opt/app/state/switching").exists(), 60)
        installation.box.power_cut()
        installation.box.power_on()
        deployment.wait(60)
    assert installation.settled() in ("2", "3")
    installation.must_deploy("3")
    assert installation.settled() == "3"
    assert installation.activate("--back").returncode == 0
    installation.box.reboot()
    assert installation.settled() == "2"


@pytest.mark.parametrize("moment", [0.5, 3.0, "switching"])
def test_a_lost_connection(installation, moment):
    """FAULTS 11: the deployment finishes or reverts by itself."""
    command = [installation.project.root / "deploy/ship.sh", f"root@{installation.box.address}", "3"]
    variables = environment(SSH_CONFIG=installation.box.ssh_config, USERNAME="app")
    with asking(installation, "2", "3"):
        with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as deployment:
            if moment == "switching":
                assert wait_until(lambda: (installation.box.root / "opt/app/state/switching").exists(), 60)
            else:
                time.sleep(moment)
            installation.box.ssh("pkill -KILL -f 'sshd: root@notty'", check=False)
            deployment.communicate(timeout=120)
        assert installation.settled() in ("2", "3")
        installation.must_deploy("3")
    assert installation.settled() == "3"


def test_an_upload_that_is_cut_off(installation, tmp_path):
    """FAULTS 12: what arrived of it is never used."""
    slow = tmp_path / "ssh_config"
    proxy = f"{sys.executable} {slow_link.__file__} %h %p {2 * 1024 * 1024}"
    slow.write_text(installation.box.ssh_config.read_text() + f"  ProxyCommand {proxy}\n")
    command = [installation.project.root / "deploy/ship.sh", f"root@{installation.box.address}", "3"]
    variables = environment(SSH_CONFIG=slow, USERNAME="app")
    installation.ssh("rm -rf /root/.offline-flask.*")
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as deployment:
        home = installation.box.root / "root"
        assert wait_until(lambda: list(home.glob(".offline-flask.*/app-v3.tar.gz")), 60)
        installation.box.ssh("pkill -KILL -f 'sshd: root@notty'", check=False)
        _, errors = deployment.communicate(timeout=120)
    assert deployment.returncode == 73, errors
    assert installation.settled() == "2"
    installation.must_deploy("3")
    assert installation.settled() == "3"


def test_the_same_version_again(installation):
    """FAULTS 22: other content under an installed version is refused."""
    installation.project.build("3")
    installation.must_deploy("3")
    app = (installation.project.root / "project/app.py").read_text()
    with installation.project.changed("project/app.py", app + "\n# other content\n"):
        installation.project.build("3")
    result = installation.deploy("3")
    installation.project.build("3")
    assert result.returncode == 65
    assert "is installed already, with other content" in result.stderr
    assert installation.settled() == "3"


def test_a_stranger_on_the_port_is_named(project, box):
    """FAULTS 21."""
    project.build("1")
    installation = Installation(project, box, "root")
    server = 'server { listen 127.0.0.1:1337; location / { return 200 "hello"; } }'
    (box.root / "etc/stranger.conf").write_text(f"pid /tmp/stranger.pid; events {{}} http {{ {server} }}")
    box.ssh("nginx -c /etc/stranger.conf >/dev/null 2>&1")
    result = installation.deploy("1")
    assert result.returncode == 78, result.stdout + result.stderr
    assert f"port 1337 is held by process {box.ssh('cat /tmp/stranger.pid').stdout.strip()} (nginx" in result.stderr
    assert box.ssh("curl -s http://127.0.0.1:1337/").stdout == "hello"


def test_a_gunicorn_started_by_hand_is_taken_over(project, box):
    """As the article starts it, from a release; the service takes its place."""
    project.build("1")
    installation = Installation(project, box, "root")
    installation.must_deploy("1")
    box.ssh(f"{STOP}; systemctl disable app.socket app@1; rm /opt/app/current")
    box.ssh("cd app-v1 && . venv/bin/activate && gunicorn -D -b 127.0.0.1:1337 app:app", user="app")
    assert wait_until(lambda: box.ssh("curl -s http://127.0.0.1:1337/version", check=False).stdout == "1", 20)
    result = installation.deploy("1")
    assert result.returncode == 0, result.stderr
    assert "which was started by hand" in result.stdout
    assert installation.settled() == "1"


@pytest.mark.parametrize(("given_up", "back"), [("2", "--back"), ("1", "--back 1")])
def test_a_service_that_systemd_gave_up_on(installation, given_up, back):
    """FAULTS 15: a rollback clears what systemd remembers, whichever of the two it gave up on."""
    unit = f"app@{given_up}"
    limit = "[Unit]\\nStartLimitIntervalSec=1h\\nStartLimitBurst=2\\n"
    directory = f"/run/systemd/system/{unit}.service.d"
    installation.ssh(f"mkdir -p {directory} && printf '{limit}' >{directory}/limit.conf && systemctl daemon-reload")
    installation.ssh(f"systemctl start {unit}")
    crash = f"systemctl kill --kill-who=main --signal=KILL {unit}"
    gave_up = f"systemctl is-failed {unit}"
    installation.ssh(f"for second in 1 2 3 4 5 6 7 8; do {crash}; sleep 1; {gave_up} && exit; done; exit 1")
    result = installation.activate(back)
    installation.ssh(f"rm -r {directory} && systemctl daemon-reload")
    assert result.returncode == 0, result.stderr
    assert installation.settled() == "1"
    assert installation.box.ssh("curl -s http://127.0.0.1/version").stdout == "1"
