"""make preflight on booted boxes: every gap at once, nothing changed; and what a real run refuses for the same reasons.

SELinux and firewalld are no part of a Debian: stubs of their commands stand in the box's own directories.
"""

import json

import pytest

from operating import Installation, build

LEFT_OUT = r"\( -path /proc -o -path /run -o -path /sys -o -path '*/log*' -o -path /tmp -o -path /root \) -prune"
EVERYTHING = rf"find / -xdev {LEFT_OUT} -o -type f -printf '%p %s %m %T@\n' | sort"
NO_STUBS = "rm /usr/sbin/getenforce /usr/sbin/getsebool /usr/sbin/firewall-cmd"


@pytest.fixture(scope="module")
def bundles(project):
    assert project.run("deploy/tools.sh").returncode == 0  # it says so when it makes them, which is no warning
    return build(project, "1")


@pytest.fixture(scope="module")
def installation(bundles, debian_box):
    """A box with nothing installed."""
    return Installation(bundles, debian_box)


def preflight(installation, check=False, **variables):
    result = installation.run("deploy/ship.sh", "--check", installation.host, "1", USERNAME="app", **variables)
    assert not check or result.returncode == 0, result.stdout + result.stderr
    return result


def stub(box, **commands):
    for name, script in commands.items():
        path = "/usr/sbin/" + name.replace("_", "-")
        box.ssh(f"cat >{path} && chmod 755 {path}", input=f"#!/bin/sh\n{script}\n")


def test_a_good_box_is_told_its_row_and_is_not_touched(installation):
    before = installation.ssh(EVERYTHING).stdout
    result = preflight(installation, check=True)
    row = json.loads(result.stdout.partition("for this box: ")[2].splitlines()[0])
    assert row == {"os": "debian", "version": "12", "bit": "64", "python": ["3.11.2"]}
    assert (result.stderr, installation.ssh(EVERYTHING).stdout) == ("", before)
    user = installation.run("deploy/ship.sh", "--check", f"app@{installation.box.address}", "1")
    assert (user.returncode, user.stderr) == (0, "")
    assert installation.ssh(EVERYTHING).stdout == before
    assert installation.ssh("ls -A /home/app /root | grep offline-flask", check=False).stdout == ""


def test_every_gap_at_once_with_the_command_that_mends_it(installation):
    box = installation.box
    stub(
        box,
        getenforce="echo Enforcing",
        getsebool='echo "$1 --> off"',
        firewall_cmd="case $1 in --state) echo running ;; *) exit 1 ;; esac",
    )
    box.ssh("mount -t tmpfs -o noexec,size=1m none /opt; systemctl stop nginx; mv /usr/sbin/logrotate /root")
    for unit, port in (("stranger", 1337), ("rival", 80)):
        start = f"systemd-run --quiet --unit {unit} /usr/sbin/sshd -D -p {port} -o PidFile=none"
        box.ssh(f"{start}; until ss -ltn | grep -q ':{port} '; do sleep 0.1; done")
    before = box.ssh(EVERYTHING).stdout
    result = installation.run("deploy/ship.sh", "--check", installation.host, "1", USERNAME="nobody-here")
    real = installation.run("deploy/ship.sh", installation.host, "1", USERNAME="nobody-here")
    after = box.ssh(EVERYTHING).stdout
    box.ssh("systemctl stop stranger rival; umount /opt; mv /root/logrotate /usr/sbin; systemctl start nginx")
    box.ssh(NO_STUBS)
    assert (result.returncode, real.returncode, after) == (78, 78, before)
    for gap in (
        "there is no account nobody-here",
        "/opt has ",
        "/opt is mounted noexec",
        "port 1337 is held by process",
        "port 80, which nginx needs, is held by process",
        "setsebool -P httpd_can_network_connect 1",
    ):
        assert gap in result.stderr and gap in real.stderr, gap
    assert "sshd: /usr/sbin/sshd -D -p 1337" in result.stderr
    assert "warning: logrotate is not installed" in result.stderr
    assert '"os": "debian"' in result.stdout


def test_what_is_no_gap(installation):
    box = installation.box
    stub(
        box,
        getenforce="echo Enforcing",
        getsebool='echo "$1 --> on"',
        firewall_cmd="case $1 in --state) echo running ;; *) exit 1 ;; esac",
    )
    result = preflight(installation, check=True)
    assert "firewall-cmd --permanent --add-service=http && firewall-cmd --reload" in result.stderr
    box.ssh(f"{NO_STUBS}; systemctl stop nginx; mv /usr/sbin/nginx /root")
    result = preflight(installation, check=True)
    box.ssh("mv /root/nginx /usr/sbin; systemctl start nginx")
    assert "warning: nginx is not installed" in result.stderr


def test_a_wrong_clock_and_too_little_memory(installation):
    """Of this one box: its date and its /proc/meminfo are others."""
    box = installation.box
    box.ssh("mv /bin/date /root/date")
    box.ssh("cat >/bin/date; chmod 755 /bin/date", input='#!/bin/sh\nexec /root/date --date 1971-01-01 "$@"\n')
    box.ssh("sed 's/^MemAvailable:.*/MemAvailable: 1000 kB/' /proc/meminfo >/tmp/meminfo")
    box.ssh("mount --bind /tmp/meminfo /proc/meminfo")
    result = preflight(installation)
    box.ssh("umount /proc/meminfo; mv /root/date /bin/date")
    assert result.returncode == 78
    assert "the clock says 1971-01-01" in result.stderr
    assert "1000 KiB of memory are available" in result.stderr


def test_beside_a_release_in_service_its_own_port_and_nginx_are_no_gaps(installation):
    installation.must_deploy("1")
    assert preflight(installation, check=True).stderr == ""
    if installation.mode == "root":
        mistaken = installation.run("deploy/ship.sh", "--check", installation.host, "1", USERNAME="daemon")
        assert (mistaken.returncode, "is held by" in mistaken.stderr) == (78, False), mistaken.stderr
    maps = "$(for pid in $(pgrep -u app gunicorn); do echo /proc/$pid/smaps; done)"
    count = "pgrep -c -u app gunicorn"
    needed = installation.ssh(f"awk '/^Pss:/ {{ sum += $2 }} END {{ print sum }}' {maps}; {count}").stdout
    print("memory of a release in service, KiB, and its processes:", needed.split())


def test_a_gunicorn_started_by_hand_is_no_gap(bundles, box):
    installation = Installation(bundles, box, "user")
    installation.must_deploy("1")
    by_hand = "cd app-v1 && . venv/bin/activate && gunicorn -D -b 127.0.0.1:1337 app:app"
    box.ssh("pkill -u app -f '[s]upervisor/run.py'; while pgrep -u app gunicorn; do sleep 0.1; done", user="app")
    box.ssh("rm -r state current", user="app")
    box.ssh(by_hand, user="app")
    box.wait_for(lambda: installation.page() == "1")
    assert preflight(Installation(bundles, box), check=True).stderr == ""
