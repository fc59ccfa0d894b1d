"""The verbs that look after an installation; and an interpreter that got damaged under one."""

import json
import re
import threading

import pytest

from operating import Visitor, build, installed

STATUS_OF_PAGE = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:1337/"
SLOW_TEST = "import time; time.sleep(4)\n"


@pytest.fixture(scope="module")
def bundles(project):
    """Good releases 1, 2 and 4, one that is refused, and one that takes its time."""
    build(project, "1", "2", "4")
    build(project, "3", app="raise RuntimeError('broken')\n")
    return build(project, "5", test=SLOW_TEST)


@pytest.fixture(scope="module", params=["root", pytest.param("user", marks=pytest.mark.full)])
def installation(request, bundles):
    """Release 1, then 2, in both modes; the tests of this file leave 2 in service."""
    with installed(bundles, request.param, "1", "2") as installation:
        yield installation


@pytest.fixture
def settings(installation):
    """For a test that writes shared/app.env; afterwards it is empty again."""
    yield installation.write_settings
    installation.write_settings("")
    assert installation.verb("restart").returncode == 0


def test_rollback_goes_back_and_forth(installation):
    back = installation.verb("rollback")
    assert (back.returncode, installation.page()) == (0, "1"), back.stderr
    assert "Unpacking" not in back.stdout
    named = installation.verb("rollback", "2")
    assert (named.returncode, installation.page()) == (0, "2"), named.stderr
    refused = installation.verb("rollback", "9")
    assert (refused.returncode, installation.page()) == (78, "2")
    assert "version 9 is not installed; installed: 1 2" in refused.stderr


def test_status_lists_releases_and_events(installation):
    assert installation.deploy("3").returncode == 1
    installation.ssh(f"mkdir {installation.base}/app-v7")
    text, parsed = installation.verb("status"), installation.verb("status", JSON="1")
    installation.ssh(f"rmdir {installation.base}/app-v7")
    assert (text.returncode, parsed.returncode) == (0, 0), text.stderr + parsed.stderr
    report = json.loads(parsed.stdout)
    states = {release["version"]: release["state"] for release in report["releases"]}
    assert states == {"1": "good", "2": "current", "3": "BAD", "7": "incomplete"}
    assert (report["current"], report["running"], report["deploying"]) == ("2", ["2"], None)
    assert all(release["size"] > 5e6 for release in report["releases"] if release["version"] != "7")
    row = next(line.split() for line in text.stdout.splitlines() if line.startswith("2 "))
    assert row[1:3] == ["debian-12-x86_64-py3.11.2", "current"]
    assert text.stdout.splitlines()[-1].split()[1:4] == ["refused", "3", "by"]


def test_status_names_a_deployment_that_runs_and_one_that_was_interrupted(installation):
    deployment = threading.Thread(target=installation.deploy, args=("5",))
    deployment.start()
    assert installation.box.wait_for(lambda: "a deployment runs: setup.sh 5" in installation.verb("status").stdout)
    deployment.join()
    assert installation.verb("rollback").returncode == 0
    installation.ssh(f"echo 5 >{installation.base}/state/switching")
    assert "the switch-over to 5 was interrupted: it settles itself" in installation.verb("status").stdout
    installation.ssh(f"sh {installation.base}/current/deploy/activate.sh --settle")
    assert "interrupted" not in installation.verb("status").stdout.partition("last events")[0]


def test_restart_brings_new_settings_without_a_failure(installation, settings):
    settings("# of this box\nGREETING=hello world=1\n")
    pids = installation.ssh("pgrep -u app -o gunicorn", check=False).stdout
    with visitor(installation) as visits:
        result = installation.verb("restart")
    assert result.returncode == 0, result.stdout + result.stderr
    assert installation.page("/setting/GREETING") == "hello world=1"
    assert set(visits.answers) == {"2"}
    assert installation.ssh("pgrep -u app -o gunicorn", check=False).stdout == pids
    settings("")
    assert installation.verb("restart").returncode == 0
    assert installation.page("/setting/GREETING") == "none"


def test_a_broken_setting_is_refused_and_the_old_workers_serve(installation, settings):
    settings("BROKEN=1\n")
    with visitor(installation) as visits:
        result = installation.verb("restart")
    assert result.returncode == 1
    assert "a setting broke the app" in result.stderr and "keep their old settings" in result.stderr
    assert set(visits.answers) == {"2"}


def test_what_was_stopped_stays_so_until_it_is_started(installation):
    stopped = installation.verb("stop")
    assert (stopped.returncode, installation.page(port=1337)) == (0, ""), stopped.stderr
    installation.box.reboot()
    assert "2 is stopped" in installation.verb("status").stdout
    assert "current/deploy/" not in installation.ssh("crontab -l", check=False).stdout
    assert installation.page(port=1337) == ""
    restarted = installation.verb("restart")
    assert (restarted.returncode, "app-v2 does not run; start it: sh" in restarted.stderr) == (78, True)
    verified = installation.run("deploy/verify.sh", installation.host, "2")
    assert verified.returncode == 1 and "it was stopped (make stop)" in verified.stdout
    started = installation.verb("start")
    assert (started.returncode, installation.page()) == (0, "2"), started.stderr


def test_what_served_is_not_bad_because_it_cannot_start_today(installation):
    installation.verb("stop")
    installation.write_settings("BROKEN=1\n")
    refused = installation.verb("start")
    installation.write_settings("")
    assert (refused.returncode, "app-v2 should be in service, but does not run" in refused.stderr) == (1, True)
    report = json.loads(installation.verb("status", JSON="1").stdout)
    assert {row["version"]: row["state"] for row in report["releases"]}["2"] == "current"
    assert installation.ssh(f"ls {installation.base}/state/good").stdout.split().count("2") == 1
    started = installation.verb("start")
    assert (started.returncode, installation.page()) == (0, "2"), started.stderr


@pytest.mark.full
def test_a_release_that_is_unwell_does_not_keep_the_next_one_out(installation, settings):
    """A switch-over was killed, and what was in service does not pass the gate."""
    settings("UNWELL=2\n")
    installation.ssh("pkill -HUP -o -f '[b]in/gunicorn'")
    assert installation.box.wait_for(lambda: installation.box.ssh(STATUS_OF_PAGE).stdout == "500")
    installation.ssh(f"echo 3 >{installation.base}/state/switching")
    result = installation.activate("1")
    assert (result.returncode, installation.page()) == (0, "1"), result.stderr
    assert re.search(r"warning: app-v2 (did not answer / with 200|answers / with 500)", result.stderr)
    settings("")
    assert installation.verb("rollback", "2").returncode == 0


def test_logs_shows_both(installation):
    installation.page("/write/hello")
    shown = installation.verb("logs").stdout
    assert "GET /write/hello" in shown and "app says hello" in shown


def test_a_damaged_interpreter_is_replaced_under_a_release_that_runs_from_it(installation):
    library = f"{installation.base}/python-3.11.2-*/lib/python3.11"
    damage = f"rm -rf {library}/email; cd {library} && chmod u+w . json/decoder.py && echo damaged >json/decoder.py"
    installation.ssh(damage)
    with visitor(installation) as visits:
        result = installation.must_deploy("4")
        assert "is damaged: replacing it" in result.stdout
        assert installation.page() == "4"
        assert installation.verb("rollback").returncode == 0
    assert set(visits.answers) == {"2", "4"}
    assert installation.ssh(f"grep -c damaged {library}/json/decoder.py", check=False).stdout == "0\n"


def test_what_cannot_be_done_is_said(installation):
    nowhere = installation.run("deploy/remote.sh", "status", f"deploy@{installation.box.address}")
    if installation.mode == "user":
        assert (nowhere.returncode, "app is not installed on" in nowhere.stderr) == (69, True)
    else:
        assert (nowhere.returncode, "current" in nowhere.stdout) == (0, True)


def visitor(installation):
    """Through nginx; user mode listens on the box's loopback only, where a visitor of its own would need a Python."""
    return Visitor(installation.box.address) if installation.mode == "root" else LocalVisitor(installation.box)


class LocalVisitor:
    """The same from within the box, by curl."""

    def __init__(self, box):
        self._box = box

    def __enter__(self):
        loop = "while [ ! -e /tmp/stop ]; do curl -s -S http://127.0.0.1:1337/version; echo; done >/tmp/answers 2>&1"
        self._box.ssh(f"rm -f /tmp/stop; setsid sh -c '{loop}; touch /tmp/stopped' >/dev/null 2>&1 &")
        return self

    def __exit__(self, *_):
        self._box.ssh("touch /tmp/stop; while [ ! -e /tmp/stopped ]; do sleep 0.1; done; rm /tmp/stopped")
        self.answers = self._box.ssh("sort -u /tmp/answers").stdout.split("\n")[:-1]


def test_uninstall_asks_and_keeps_what_people_made(bundles, installation):
    """The last of this file: afterwards nothing is there, and a deployment brings it all back."""
    installation.ssh(f"echo greeting >{installation.base}/shared/data/kept")
    before = installation.box.ssh("systemctl list-unit-files 'app*' --no-legend", check=False).stdout
    assert bool(before) == (installation.mode == "root")
    asked = installation.verb("uninstall")
    assert (asked.returncode, installation.page()) == (64, "2")
    assert "nobody is here to answer" in asked.stderr
    installation.ssh(f"echo key >{installation.base}/state/release-key.pem")
    removed = installation.verb("uninstall", CONFIRM="yes")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert what_is_left(installation) == {"shared", "logs", "state"}
    assert installation.ssh(f"ls {installation.base}/state").stdout == "release-key.pem\n"
    installation.ssh(f"rm {installation.base}/state/release-key.pem")
    assert "greeting" in installation.ssh(f"cat {installation.base}/shared/data/kept").stdout
    installation.must_deploy("1")
    assert installation.page() == "1"
    assert "greeting" in installation.ssh(f"cat {installation.base}/app-v1/instance/kept").stdout
    again = installation.verb("uninstall", CONFIRM="yes", SHARED="remove")
    assert again.returncode == 0, again.stdout + again.stderr
    assert what_is_left(installation) == set()
    assert installation.verb("status").returncode == 69


def what_is_left(installation):
    """Names in BASE, and whatever else of the application is anywhere."""
    box = installation.box
    units = "find /etc/systemd/system /etc/nginx /etc/logrotate.d /run/systemd/system -name 'app*'"
    assert box.ssh(f"{units}; pgrep -u app gunicorn; crontab -u app -l | grep app", check=False).stdout == ""
    assert box.ssh("systemctl list-units --all 'app*' --no-legend; ls ~app | grep app-v", check=False).stdout == ""
    return set(installation.ssh(f"ls {installation.base} 2>/dev/null", check=False).stdout.split())
