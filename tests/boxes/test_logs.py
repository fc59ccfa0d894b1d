"""The logs: rotated under load by logrotate, in both modes, without a lost or a torn line."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from operating import APP, build, installed

# Fewer than logrotate keeps.
ROTATIONS = 12
VISITORS = 4
PRINTS = APP.replace("sys.stderr.write(", "sys.stdout.write(").replace("    sys.stderr.flush()\n", "")


@pytest.fixture(scope="module")
def bundles(project):
    """One that writes to its standard error, and one that prints."""
    build(project, "1")
    return build(project, "2", app=PRINTS)


@pytest.fixture(scope="module", params=["root", "user"])
def installation(request, bundles):
    with installed(bundles, request.param, "1", SETTINGS="WORKERS=4") as installation:
        yield installation


def rotation(installation):
    """What logrotate is called with, forced; in user mode as the crontab has it."""
    if installation.mode == "root":
        return "/usr/sbin/logrotate --force /etc/logrotate.d/app"
    line = installation.ssh("crontab -l | grep logrotate").stdout
    assert line.startswith("17 0 * * * ")
    return "/usr/sbin/" + line.partition("* * * ")[2].strip().replace("logrotate ", "logrotate --force ", 1)


def lines(installation, name, pattern):
    """Every line of a log and its rotated forms that matches."""
    command = f"cd {installation.base}/logs && for f in {name}*; do case $f in *.gz) zcat $f ;; *) cat $f ;; esac; done"
    return installation.ssh(f"{{ {command}; }} | grep -a '{pattern}' || true", timeout=120).stdout.splitlines()


@pytest.mark.parametrize("version", ["1", "2"])
def test_rotations_under_load_lose_and_tear_no_line(installation, version):
    installation.must_deploy(version)
    base, mark = installation.base, f"load{version}"
    client = (
        f"i=0; while [ ! -e /tmp/stop ]; do i=$((i + 1)); name={mark}-$1-$i; "
        'curl -s -o /dev/null -w "%{http_code} $name\\n" "http://127.0.0.1:1337/write/$name"; done >/tmp/asked.$1'
    )
    installation.box.ssh("rm -f /tmp/stop /tmp/asked.*")
    with ThreadPoolExecutor(VISITORS) as pool:
        clients = [pool.submit(installation.box.ssh, f"set -- {n}; {client}", timeout=300) for n in range(VISITORS)]
        for _ in range(ROTATIONS):
            installation.ssh(rotation(installation))
        installation.box.ssh("touch /tmp/stop")
    assert all(client.result().returncode == 0 for client in clients)
    asked = Counter(installation.box.ssh("cat /tmp/asked.*").stdout.split("\n")[:-1])
    wanted = {line.split()[1] for line in asked}
    assert {line.split()[0] for line in asked} == {"200"} and len(wanted) > 200
    accesses = lines(installation, "access.log", f"GET /write/{mark}-")
    assert Counter(line.split("/write/")[1].split()[0] for line in accesses) == Counter(wanted)
    said = Counter(lines(installation, "error.log", f"{mark}-"))
    assert said == Counter(f"app says {name} {'x' * 400} end" for name in wanted)
    rotated = installation.ssh(f"ls {base}/logs").stdout.split()
    assert len([name for name in rotated if name.startswith("access.log.")]) >= ROTATIONS
    print(f"{installation.mode} mode, release {version}: {len(wanted)} requests over {ROTATIONS} rotations, none lost")


def test_the_box_rotates_by_itself(installation):
    """As logrotate's own timer, or cron, calls it: the settings are found and have no mistake."""
    if installation.mode == "root":
        result = installation.ssh("logrotate --debug /etc/logrotate.conf 2>&1")
        assert "/opt/app/logs/*.log" in result.stdout and "error" not in result.stdout.lower().replace("error.log", "")
    else:
        rotation(installation)
    owners = installation.ssh(f"stat -c %U {installation.base}/logs/*").stdout.split()
    assert set(owners) == {"app"}


def test_without_logrotate_there_is_a_warning(installation):
    installation.box.ssh("mv /usr/sbin/logrotate /root")
    result = installation.must_deploy("1")
    installation.box.ssh("mv /root/logrotate /usr/sbin")
    assert result.stderr.count("warning: logrotate is not installed") == 1
