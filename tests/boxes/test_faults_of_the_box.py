"""What goes wrong on the box around a deployment: full disks, other deployments, services that were given up."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from faults import asking, both_modes, one_mode

pytestmark = pytest.mark.usefixtures("back_to_release_2")
# Everything of the application's. User mode's crontab goes too, or cron would bring all of it back.
STOP = {
    "root": "systemctl stop app.socket 'app*.service' 'app*.socket'",
    "user": "crontab -r -u app; pkill -u app -f 'run.py supervisord'; while pgrep -u app gunicorn; do sleep 0.1; done",
}


@pytest.fixture
def small_disk(installation):
    """BASE on a file system of its own."""
    box, base, disk = installation.box, installation.base, f"{installation.base}-disk"
    box.ssh(f"{STOP[installation.mode]}; mv {base} {disk} && mkdir {base}")
    box.ssh(f"mount -t tmpfs -o size=200m small {base} && cp -a {disk}/. {base}/")
    assert installation.activate().returncode == 0
    yield installation
    box.ssh(f"{STOP[installation.mode]}; umount -l {base} && rmdir {base} && mv {disk} {base}")
    assert installation.activate().returncode == 0


# User mode's upload goes to the same disk.
UPLOAD_OR_PREFLIGHT = {"user": 73, "root": 78}
LISTING = "find . -path ./logs -prune -o -print | sort; cat state/good/*"
FREE_KIB = "df -Pk . | awk 'NR == 2 { print $4 }'"


@one_mode
def test_a_full_disk_is_noticed_before_anything_is_touched(small_disk):
    """FAULTS 7: preflight. There is room for the upload, which in user mode goes to this disk too, and not for more."""
    base = small_disk.base
    small_disk.ssh(f"cd {base} && head -c $((($({FREE_KIB}) - 30 * 1024) * 1024)) /dev/zero >ballast")
    before = small_disk.ssh(f"cd {base} && {LISTING}").stdout
    with asking(small_disk, "2"):
        result = small_disk.deploy("3")
    assert result.returncode == 78, result.stderr
    assert "KiB free" in result.stderr
    assert small_disk.ssh(f"cd {base} && {LISTING}").stdout == before
    small_disk.ssh(f"rm {base}/ballast")
    small_disk.box.ssh(f"mount -o remount,nr_inodes=$(($(find {base} | wc -l) + 100)) {base}")
    result = small_disk.deploy("3")
    assert (result.returncode, "inodes" in result.stderr) == (78, True), result.stderr
    assert small_disk.ssh(f"cd {base} && {LISTING}").stdout == before.replace("./ballast\n", "")


@both_modes
def test_a_disk_that_fills_up_all_the_way(small_disk):
    """FAULTS 7: state files are never cut short, and the logs' loss stops nobody."""
    small_disk.ssh(f"head -c 500m /dev/zero >{small_disk.base}/ballast", check=False)
    with asking(small_disk, "1", "2"):
        assert small_disk.deploy("3").returncode == UPLOAD_OR_PREFLIGHT[small_disk.mode]
        small_disk.activate("1")
        small_disk.ssh(f"rm {small_disk.base}/ballast")
        assert small_disk.settled() in ("1", "2")
    state = small_disk.ssh(f"cd {small_disk.base}/state && cat good/* complete/* mode username").stdout
    assert state.count('"time"') == 4
    assert state.endswith(f"{small_disk.mode}\napp\n")


@both_modes
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
    assert installation.ssh(f"flock -n {installation.base}/state/lock true", check=False).returncode == 0


@one_mode
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


@pytest.mark.parametrize("installation", ["root"], indirect=True, scope="module")
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


@pytest.mark.parametrize("installation", ["user"], indirect=True, scope="module")
@pytest.mark.parametrize("end", ["stopped", "crashing"])
def test_a_service_that_supervisor_gave_up_on(installation, end):
    """FAULTS 15: supervisord never gives up by itself, but waits longer and longer; an operator may have stopped it."""
    control = f"sh {installation.base}/current/deploy/box/supervisor/supervisorctl.sh"
    slot = installation.ssh(f"{control} status | awk '/slot_[12] .*RUNNING/ {{ print $1 }}'").stdout.strip()
    crash = (
        "for time in $(seq 40); do pkill -KILL -u app -f '[b]in/gunicorn'; sleep 0.2; {gave_up} && exit; done; exit 1"
    )
    gave_up = f"{control} status {slot} | grep -q -e STOPPED -e BACKOFF"
    installation.ssh(f"{control} stop {slot}; {gave_up}" if end == "stopped" else crash.format(gave_up=gave_up))
    assert installation.activate("--back").returncode == 0
    assert installation.settled() == "1"
    assert installation.page() == "1"
