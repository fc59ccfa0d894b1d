"""What belongs to one box: app.env, data, port, workers; the app's own hook; and two apps beside each other."""

import pytest

from operating import APP, Installation, build, installed

HOOK = """
echo "as $(id -un) in $(pwd) with $(command -v python) and $GREETING" >>instance/hook.log
[ ! -e instance/refuse ] || { echo "the data cannot be migrated"; exit 3; }
"""
NOSY_TEST = """
import os
assert "GREETING" not in os.environ
assert os.listdir("instance") == []
open("instance/left-behind", "w").close()
"""


@pytest.fixture(scope="module")
def bundles(project):
    """Releases whose test looks around, with a hook from 2 on."""
    build(project, "1", test=NOSY_TEST)
    (project.root / "project/before-switch.sh").write_text(HOOK)
    build(project, "2", "3", test=NOSY_TEST)
    (project.root / "project/before-switch.sh").unlink()
    return project


@pytest.fixture(scope="module")
def installation(bundles):
    with installed(bundles, "root", "1") as installation:
        yield installation


def listeners(installation):
    return set(installation.box.ssh("ss -Hltn | awk '$4 !~ /:(22|80)$/ {print $4}'").stdout.split())


def test_app_env_is_made_for_the_account_alone_and_kept(installation):
    look = "cd /opt/app/shared && stat -c '%a %U %F' app.env data; cat app.env"
    assert installation.ssh(look).stdout.startswith("600 app regular file\n750 app directory\n# Settings and secrets")
    installation.write_settings("GREETING=hello\n")
    installation.ssh("echo kept >/opt/app/shared/data/kept")


def test_the_hook_runs_before_the_switch_and_the_test_saw_none_of_the_box(installation):
    """The test of the release fails if it sees a setting or the data."""
    result = installation.must_deploy("2")
    assert "Running before-switch.sh of app-v2" in result.stdout
    said = installation.ssh("cat /opt/app/app-v2/instance/hook.log; ls /opt/app/shared/data /opt/app/run").stdout
    assert said.startswith("as app in /opt/app/app-v2 with /opt/app/app-v2/venv/bin/python and hello\n")
    assert "left-behind" not in said and "test-2" not in said
    assert installation.page("/setting/GREETING") == "hello"


def test_the_service_may_do_no_more_than_it_needs(installation):
    """The hardening of its unit, as this systemd has it: asked as root, in the service's own mount namespace."""
    (pid,) = installation.box.ssh("pgrep -u app -o -f '[b]in/gunicorn'").stdout.split()
    status = installation.box.ssh(f"cat /proc/{pid}/status").stdout
    values = dict(line.split(":", 1) for line in status.splitlines())
    assert (values["NoNewPrivs"].strip(), int(values["CapBnd"], 16), values["Seccomp"].strip()) == ("1", 0, "2")
    places = ["/etc", "/usr", "/home/app", "/opt/app", "/opt/app/current", "/opt/app/state", "/opt/app/shared/data"]
    for place in [*places, "/opt/app/logs", "/tmp"]:
        touched = installation.box.ssh(f"nsenter -t {pid} -m touch {place}/probe", check=False)
        assert (touched.returncode == 0) == (place not in places[:-1]), place + touched.stderr
    assert installation.box.ssh("ls /tmp/probe", check=False).returncode != 0
    installation.box.ssh("rm /opt/app/shared/data/probe /opt/app/logs/probe")
    shown = installation.box.ssh("systemd-analyze verify app@1.service app.socket 2>&1", check=False).stdout
    assert "/etc/systemd/system/app" not in shown, shown


def test_a_hook_that_fails_stops_the_deployment(installation):
    installation.ssh("touch /opt/app/shared/data/refuse")
    result = installation.deploy("3")
    assert result.returncode == 1
    assert "before-switch.sh of app-v3 failed with status 3" in result.stderr
    assert "the data cannot be migrated" in result.stderr and "app-v2 is still in service" in result.stderr
    assert installation.page() == "2"
    assert installation.ssh("ls /opt/app/state/bad").stdout == "3\n"


def test_a_rollback_runs_no_hook(installation):
    """It would fail now."""
    assert installation.verb("rollback").returncode == 0
    assert installation.verb("rollback", "2").returncode == 0
    installation.ssh("rm /opt/app/shared/data/refuse")


def test_workers_and_port_change_under_the_same_release(installation):
    result = installation.must_deploy("2", SETTINGS="WORKERS=2 PORT=8001")
    assert "the port changes: for a moment" in result.stderr
    assert (installation.page(), installation.page(port=8001)) == ("2", "2")
    assert listeners(installation) == {"127.0.0.1:8001"}
    assert installation.ssh("pgrep -u app -c gunicorn").stdout == "3\n"
    assert installation.ssh("stat -c '%a %U' /opt/app/state/settings").stdout == "644 root\n"


def test_settings_are_remembered_and_workers_alone_interrupt_nothing(installation):
    result = installation.must_deploy("3", SETTINGS="WORKERS=1")
    assert "the port changes" not in result.stderr
    assert (installation.page(), installation.page(port=8001)) == ("3", "3")
    installation.box.reboot()
    assert (installation.page(), installation.page(port=8001)) == ("3", "3")
    assert installation.ssh("pgrep -u app -c gunicorn").stdout == "2\n"


def test_make_verify_knows_the_port(installation):
    result = installation.run("deploy/verify.sh", installation.host, "3")
    assert result.returncode == 0, result.stdout


def test_a_port_that_a_stranger_holds_is_refused_with_everything_as_before(installation):
    server = "$(echo /opt/app/python-*/bin/python3.11) -m http.server --bind 127.0.0.1 8002"
    installation.ssh(f"systemd-run --quiet --unit stranger {server}; until ss -ltn | grep -q :8002; do sleep 0.1; done")
    result = installation.deploy("3", SETTINGS="PORT=8002")
    assert result.returncode == 78
    assert "port 8002 is held by process" in result.stderr and "http.server" in result.stderr
    assert installation.page(port=8001) == "3"
    assert "PORT=8001" in installation.ssh("cat /opt/app/state/settings").stdout
    installation.ssh("systemctl stop stranger")


def test_a_new_port_with_another_release_and_back(installation):
    installation.must_deploy("1", SETTINGS="PORT=8002 WORKERS=")
    assert (installation.page(), listeners(installation)) == ("1", {"127.0.0.1:8002"})
    installation.must_deploy("1", SETTINGS="PORT=")
    assert (installation.page(), listeners(installation)) == ("1", {"127.0.0.1:1337"})


def test_a_refused_release_leaves_the_former_port(bundles, installation):
    installation.write_settings("BROKEN=1\n")
    result = installation.deploy("3", SETTINGS="PORT=8003")
    installation.write_settings("")
    assert result.returncode == 1
    assert (installation.page(), listeners(installation)) == ("1", {"127.0.0.1:1337"})
    assert "8003" not in installation.ssh("cat /opt/app/state/settings /etc/systemd/system/app.socket").stdout


def test_wrong_settings_are_refused(installation):
    for settings in ("PORT=0", "PORT=70000", "NGINX=apache", "SERVER_NAME=a;b", "COLOUR=red", "PORT=$(id)"):
        assert installation.deploy("1", SETTINGS=settings).returncode == 64, settings


def test_two_apps_share_a_box(bundles, installation, tmp_path):
    config = bundles.root / "config.env"
    with bundles.changed("config.env", config.read_text().replace("APP_NAME='app'", "APP_NAME='other'")):
        other = APP.replace("return VERSION", 'return "other " + VERSION')
        with bundles.changed("project/app.py", other), bundles.changed("project/test.py", ""):
            bundles.run("deploy/build_tarball.sh", "9")
        taken = installation.deploy("9")
        assert (taken.returncode, "port 1337 is held by systemd for another service" in taken.stderr) == (78, True)
        installation.must_deploy("9", SETTINGS="PORT=8010 SERVER_NAME=other.example")
        assert "VERSION" in installation.verb("status").stdout
    assert installation.page() == "1"
    assert installation.page(port=8010) == "other 9"
    ask = "curl --silent --header 'Host: other.example' http://127.0.0.1/version"
    assert installation.ssh(ask).stdout == "other 9"
    assert listeners(installation) == {"127.0.0.1:1337", "127.0.0.1:8010"}


def test_in_user_mode_the_port_changes_too(bundles, box):
    installation = Installation(bundles, box, "user")
    installation.must_deploy("1", SETTINGS="PORT=8001")
    assert installation.page(port=8001) == "1"
    installation.must_deploy("1", SETTINGS="PORT=8002 WORKERS=2")
    assert (installation.page(port=8002), listeners(installation)) == ("1", {"127.0.0.1:8002"})
    installation.must_deploy("2", SETTINGS="PORT=8003")
    assert (installation.page(port=8003), listeners(installation)) == ("2", {"127.0.0.1:8003"})
    assert installation.deploy("2", SETTINGS="PORT=80").returncode == 78
