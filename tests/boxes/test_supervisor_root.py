"""Root mode on a box without systemd: supervisord is root's, the application is not, nginx is its own daemon."""

import os
import subprocess
import sys

import pytest

from lab.container import plain_box
from lab.load import Load, OneRequest

ASK = "curl --silent --max-time 10 http://127.0.0.1/version"


@pytest.fixture
def box(bundles):
    with plain_box() as box:
        box.run("test ! -e /run/systemd/system && mkdir /root/bundles")
        for version in ("1", "2", "4"):
            tarball = bundles.tarball(version)
            for file in (tarball, tarball.with_name(tarball.name + ".sha256")):
                box.copy_to(file, "/root/bundles")
        box.copy_to(bundles.root / "deploy/setup.sh", "/root/bundles")
        yield box


def install(box, version):
    return box.run(f"cd /root/bundles && sh setup.sh {version} app")


def users_of(box, pattern):
    return set(box.run(f"ps -o user= -p $(pgrep -d, -f '{pattern}')").split())


def test_from_nothing_to_the_second_release_and_back_under_load(bundles, box):
    install(box, "1")
    assert box.run(ASK) == "1"
    with (
        Load("127.0.0.1", "/version", {"1", "2"}, threads=2, namespace=box.network) as through_nginx,
        Load("127.0.0.1", "/version", {"1", "2"}, 1337, threads=2, namespace=box.network) as at_gunicorn,
    ):
        slow = OneRequest("127.0.0.1", "/slow", namespace=box.network)
        install(box, "2")
        box.run("sh /opt/app/app-v1/deploy/activate.sh 1")
    print(f"nginx: {through_nginx.figures}\ngunicorn: {at_gunicorn.figures}")
    assert slow.page() == "slow 1"
    assert (through_nginx.figures.failures, at_gunicorn.figures.failures) == ([], [])
    assert box.run(ASK) == "1"


def test_the_application_is_not_root_and_cannot_change_what_root_runs(box):
    install(box, "1")
    assert users_of(box, "[r]un.py supervisord") == {"root"}
    assert users_of(box, "[v]env/bin/gunicorn") == users_of(box, "^sleep 2147483647") == {"app"}
    assert box.run("stat -c '%U %a' /opt/app/state/supervisor /opt/app/state/supervisor/control.sock") == (
        "root 700\nroot 700\n"
    )
    writable = "find /opt/app /etc/nginx -writable -not -type l 2>/dev/null"
    found = box.run(f"{writable} | grep -v -e ^/opt/app/shared -e ^/opt/app/logs -e ^/opt/app/run", "app", check=False)
    assert found == ""
    assert "@reboot sh /opt/app/current/deploy/activate.sh" in box.run("crontab -l")
    assert "no crontab" in box.run("crontab -l", "app", check=False)


def test_a_bad_release_is_refused_and_the_old_one_serves(box):
    install(box, "1")
    refusal = box.run("cd /root/bundles && sh setup.sh 4 app; echo exit $?")
    assert "broken on purpose" in refusal
    assert refusal.endswith("app-v1 is still in service\nexit 1\n")
    assert box.run(ASK) == "1"


def test_root_is_not_led_to_another_program_s_socket(box):
    """Root asks a release over a socket in a directory of the account's; a link there leads it nowhere else."""
    install(box, "1")
    relink = "while :; do ln -sfn /opt/app/state/supervisor/control.sock /opt/app/run/candidate.sock; sleep 0.01; done"
    box.run(f"(setsid sh -c '{relink}' >/dev/null 2>&1 &)", "app")
    before = box.run("stat -c %Y /opt/app/state/supervisor/supervisord.log; pgrep -f '[r]un.py supervisord'")
    refusal = box.run("cd /root/bundles && sh setup.sh 2 app; echo exit $?")
    assert refusal.endswith("exit 1\n"), refusal
    assert box.run("pgrep -f '[r]un.py supervisord'") == before.split("\n", 1)[1]
    assert box.run(ASK) == "1"


def test_it_comes_back_after_a_reboot(box):
    install(box, "1")
    install(box, "2")
    box.reboot()
    assert box.wait_for("curl --silent http://127.0.0.1:1337/version", "2")


def test_verify_is_green(bundles, box):
    install(box, "1")
    command = [sys.executable, "-E", "-s", "-B", "-m", "pytest", "-c", "pytest.ini", "--rootdir=."]
    command += [f"--bundle={bundles.tarball('1')}", f"--hosts=docker://{box.id}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    verify = subprocess.run(command, cwd=bundles.root / "tests", env=environment, capture_output=True, text=True)
    assert verify.returncode == 0, verify.stdout + verify.stderr
    assert "the release starts at boot (crontab)" in verify.stdout
