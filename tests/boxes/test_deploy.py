"""make deploy on booted boxes: both modes, a second release, refusals, and what the account may not do."""

import re
from pathlib import Path

import pytest

from lab.command import run, wait_until

ROOT_LOGIN = {"USERNAME": "app"}


def deploy(project, box, version, login="root", **variables):
    return project.make(
        "deploy", HOST=f"{login}@{box.address}", VERSION=version, SSH_CONFIG=box.ssh_config, **variables
    )


def page(box, path="/version", port=80):
    return box.ssh(f"curl --silent --show-error --max-time 10 http://127.0.0.1:{port}{path}", user="app").stdout


@pytest.fixture(scope="module")
def bundles(project):
    """Two good releases, and one whose application cannot be imported."""
    for version in ("1", "2"):
        project.build(version)
    broken = "raise RuntimeError('broken on purpose')\n"
    with project.changed("project/app.py", broken), project.changed("project/test.py", ""):
        project.build("3")
    with project.changed("project/test.py", "raise SystemExit('the test fails on purpose')\n"):
        project.build("4")
    return project


def test_root_mode_from_nothing_to_the_second_release(bundles, box):
    assert deploy(bundles, box, "1", **ROOT_LOGIN).returncode == 0
    assert page(box) == "1"
    second = deploy(bundles, box, "2", login="deploy", **ROOT_LOGIN)
    assert second.returncode == 0, second.stderr
    assert page(box) == "2"
    assert box.ssh("readlink /opt/app/current").stdout == "app-v2\n"
    box.ssh("sh /opt/app/app-v1/deploy/activate.sh 1")
    assert page(box) == "1"


def test_it_comes_back_after_a_reboot(bundles, box):
    deploy(bundles, box, "1", **ROOT_LOGIN)
    deploy(bundles, box, "2", **ROOT_LOGIN)
    box.reboot()
    assert page(box) == "2"


def test_user_mode_needs_nothing_of_root(bundles, box):
    before = box.ssh("find / -xdev -newer /etc/hostname -path '/etc/*' -o -path '/opt/*' | sort").stdout
    assert deploy(bundles, box, "1", login="app").returncode == 0
    assert page(box, port=1337) == "1"
    assert deploy(bundles, box, "2", login="app").returncode == 0
    assert page(box, port=1337) == "2"
    assert box.ssh("readlink current", user="app").stdout == "app-v2\n"
    after = box.ssh("find / -xdev -newer /etc/hostname -path '/etc/*' -o -path '/opt/*' | sort").stdout
    assert after == before
    box.reboot()
    assert wait_until(lambda: box.ssh("curl -s 127.0.0.1:1337/version", check=False).stdout == "2", seconds=30)


def test_the_article_s_commands_work(bundles, box):
    deploy(bundles, box, "1", **ROOT_LOGIN)
    result = box.ssh("cd app-v1 && . venv/bin/activate && python test.py", user="app")
    assert result.stderr.strip().endswith("OK")


@pytest.mark.parametrize(("version", "reason"), [("3", "broken on purpose"), ("4", "the test fails on purpose")])
def test_a_bad_release_is_refused_and_the_old_one_serves(bundles, box, version, reason):
    deploy(bundles, box, "1", **ROOT_LOGIN)
    result = bundles.run("deploy/ship.sh", f"root@{box.address}", version, SSH_CONFIG=box.ssh_config, USERNAME="app")
    assert result.returncode == 1
    assert reason in result.stdout + result.stderr
    assert "app-v1 is still in service" in result.stderr
    assert page(box) == "1"
    assert box.ssh("ls /opt/app/state/bad").stdout.split() == [version]
    assert deploy(bundles, box, "2", **ROOT_LOGIN).returncode == 0


def test_the_same_release_again_changes_nothing(bundles, box):
    deploy(bundles, box, "1", **ROOT_LOGIN)
    pids = box.ssh("pgrep -u app").stdout
    again = deploy(bundles, box, "1", **ROOT_LOGIN)
    assert (again.returncode, box.ssh("pgrep -u app").stdout) == (0, pids)
    assert "nothing changed" in again.stdout


def test_a_box_with_a_release_key_takes_signed_releases_only(bundles, box, tmp_path):
    """FAULTS 6."""
    key = tmp_path / "release key"
    assert bundles.make("keygen", SIGN_KEY=key).returncode == 0
    box.ssh("install -d -m 755 /opt/app/state")
    box.ssh("cat >/opt/app/state/release-key.pem", input=key.with_name(f"{key.name}.pub").read_text())
    arguments = ("deploy/ship.sh", f"root@{box.address}", "1")
    refused = bundles.run(*arguments, SSH_CONFIG=box.ssh_config, USERNAME="app")
    assert (refused.returncode, box.ssh("ls /opt/app").stdout) == (65, "state\n")
    assert "this box takes signed bundles only" in refused.stderr
    bundles.build("1", SIGN_KEY=key)
    taken = bundles.run(*arguments, SSH_CONFIG=box.ssh_config, USERNAME="app")
    bundles.build("1")
    assert taken.returncode == 0, taken.stderr
    assert "signed by the key that this box trusts" in taken.stdout
    assert page(box) == "1"


def test_an_nginx_that_refuses_leaves_everything_as_it_was(bundles, box):
    box.ssh("echo 'no such directive;' >/etc/nginx/conf.d/other.conf")
    result = deploy(bundles, box, "1", **ROOT_LOGIN)
    assert result.returncode != 0
    assert "'nginx -t' failed" in result.stderr
    assert box.ssh("find /etc/nginx /etc/systemd /run/systemd -name 'app*'").stdout == ""


def test_the_account_cannot_change_what_root_runs(bundles, box):
    deploy(bundles, box, "1", **ROOT_LOGIN)
    writable = "find /opt/app /etc/systemd/system /etc/nginx -writable -not -type l 2>/dev/null"
    found = box.ssh(f"{writable} | grep -v -e ^/opt/app/shared -e ^/opt/app/logs -e ^/opt/app/run", "app", check=False)
    assert found.stdout == ""


def test_root_follows_no_link_of_the_account(bundles, box):
    """Everything that the account can change is made to point at something of root's before root comes by."""
    deploy(bundles, box, "1", **ROOT_LOGIN)
    box.ssh("echo 'secret of root' >/etc/secret && chmod 600 /etc/secret && mkdir /etc/target")
    box.ssh(
        "cd /opt/app/logs && rm -f error.log && ln -s /etc/secret error.log; "
        "cd ../shared && rm -rf data app.env && ln -s /etc/target data && ln -s /etc/secret app.env; "
        "cd ../run && ln -s /etc/target 3.sock; cd && ln -sfn /etc/target app-v2; ln -sfn /etc/target app-v3",
        user="app",
    )
    before = box.ssh("stat -c '%n %U %a %Y' /etc/secret /etc/target; ls -A /etc/target; cat /etc/secret").stdout
    results = [deploy(bundles, box, version, **ROOT_LOGIN) for version in ("2", "3")]
    after = box.ssh("stat -c '%n %U %a %Y' /etc/secret /etc/target; ls -A /etc/target; cat /etc/secret").stdout
    assert after == before
    assert "secret of root" not in "".join(result.stdout + result.stderr for result in results)


def test_a_box_that_cannot_be_reached(bundles, box):
    result = bundles.run("deploy/ship.sh", "root@10.213.255.250", "1", SSH_CONFIG=box.ssh_config, USERNAME="app")
    assert result.returncode == 69
    assert "cannot reach root@10.213.255.250" in result.stderr


def test_a_box_that_fails_keeps_the_release_from_those_behind_it(bundles, box):
    """FAULTS 30."""
    hosts = [f"root@{box.address}", "root@10.213.255.250", f"deploy@{box.address}"]
    variables = {"SSH_CONFIG": box.ssh_config, "USERNAME": "app", "BATCH": "1"}
    result = bundles.run("deploy/ship.sh", ",".join(hosts), "1", **variables)
    assert result.returncode == 69
    assert result.stdout.splitlines()[-3:] == [
        f"    {hosts[0]}: version 1 is in service",
        f"    {hosts[1]}: failed with status 69",
        f"    {hosts[2]}: not tried",
    ]


def test_a_box_whose_key_is_unknown_or_has_changed_is_refused_whatever_the_configuration_says(bundles, box, tmp_path):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other")
    (tmp_path / "changed").write_text(f"{box.address} {(tmp_path / 'other.pub').read_text()}")
    (tmp_path / "unknown").write_text("")
    host = f"root@{box.address}"
    verbs = [("deploy/ship.sh", host, "1"), ("deploy/verify.sh", host, "1"), ("deploy/remote.sh", "status", host)]
    for known in ("unknown", "changed"):
        lax = box.ssh_config.read_text().replace("StrictHostKeyChecking yes", "StrictHostKeyChecking no")
        config = tmp_path / "ssh_config"
        config.write_text(re.sub("(UserKnownHostsFile) .*", rf"\1 {tmp_path / known}", lax))
        elsewhere = {"HOME": tmp_path, "XDG_CACHE_HOME": Path.home() / ".cache", "SSH_CONFIG": config}
        for verb in verbs:
            result = bundles.run(*verb, USERNAME="app", **elsewhere)
            assert (result.returncode, "Host key verification failed" in result.stderr) == (69, True), result.stderr
