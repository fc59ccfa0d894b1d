"""deploy/remote.sh with a stub for ssh: what it refuses, and what it lets run on the box and as whom."""

import os
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
# Answers the question for the installation, and writes down every other command.
SSH = """#!/bin/sh
printf '%s\\n' "$*" | head -n 1 >>"$STUB_CALLS.options"
for command; do :; done
case $command in
  name=*) printf '%s\\n' $STUB_FACTS ;;
  *activate.sh* | *tail*) printf '%s\\n' "$command" >>"$STUB_CALLS" ;;
esac
"""
ROOT = "root app /opt/app /opt/app/current/deploy/activate.sh"
USER = "user app /home/app /home/app/current/deploy/activate.sh"


@pytest.fixture
def remote(tmp_path):
    """Run remote.sh of a project called app; returns the result and what the box was told."""
    (tmp_path / "deploy").mkdir()
    for name in ("remote.sh", "connection.sh", "help.sh"):
        (tmp_path / "deploy" / name).symlink_to(DEPLOY / name)
    (tmp_path / "config.env").write_text("APP_NAME='app'\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(SSH)
    (tmp_path / "bin/ssh").chmod(0o755)
    calls = tmp_path / "calls"

    def run(*arguments, facts=f"{ROOT} 0 none", **variables):
        calls.write_text("")
        path = f"{tmp_path}/bin:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "STUB_FACTS": facts, "STUB_CALLS": str(calls), **variables}
        command = ["bash", tmp_path / "deploy/remote.sh", *arguments]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, input="")
        return result, calls.read_text().splitlines()

    return run


@pytest.mark.parametrize(
    "arguments",
    [(), ("status",), ("status", ""), ("status", "box", "1"), ("dance", "box"), ("status", "-oProxyCommand=x")]
    + [("rollback", "box", version) for version in ("../1", "1;id", "$(id)", "-1", "1\n2")],
)
def test_wrong_arguments_never_reach_the_box(remote, arguments):
    result, calls = remote(*arguments)
    assert (result.returncode, calls) == (64, [])
    assert "error: " in result.stderr


def test_a_wrong_value_for_shared_is_refused(remote):
    result, calls = remote("uninstall", "box", SHARED="delete")
    assert (result.returncode, calls) == (64, [])


def test_an_app_name_of_the_environment_is_told(remote):
    result, _calls = remote("status", "box", APP_NAME="shop")
    assert "    APP_NAME=shop, from the environment\n" in result.stderr
    assert remote("status", "box")[0].stderr == ""


@pytest.mark.parametrize(
    ("text", "variables", "place"),
    [
        ("# ours\nAPP_NAME='Shop'\n", {}, "config.env, line 2"),
        ("# ours\n", {}, "config.env"),
        ("APP_NAME='shop'\n", {"APP_NAME": "A B"}, "the environment"),
    ],
)
def test_a_wrong_app_name_is_refused_with_its_place(remote, tmp_path, text, variables, place):
    (tmp_path / "config.env").write_text(text)
    result, calls = remote("status", "box", **variables)
    assert (result.returncode, calls) == (78, [])
    assert f"error: {place}: APP_NAME is '" in result.stderr


@pytest.mark.parametrize(
    ("facts", "become"),
    [
        (f"{ROOT} 0 none", ""),
        (f"{ROOT} 1000 sudo", "sudo -n "),
        (f"{ROOT} 1000 none", "sudo "),
        (f"{USER} 1000 sudo", ""),
    ],
)
def test_it_becomes_root_only_where_the_installation_is_roots(remote, facts, become):
    result, calls = remote("rollback", "box", "20180118", facts=facts)
    assert result.returncode == 0, result.stderr
    assert calls == [f"{become}sh {facts.split()[3]} --back 20180118"]


@pytest.mark.parametrize(
    ("verb", "variables", "options"),
    [
        ("status", {}, "--status"),
        ("status", {"JSON": "1"}, "--status --json"),
        ("restart", {}, "--restart"),
        ("uninstall", {}, "--uninstall"),
        ("uninstall", {"CONFIRM": "yes", "SHARED": "remove"}, "--uninstall --remove-shared --yes"),
    ],
)
def test_each_verb_is_an_option_of_activate(remote, verb, variables, options):
    result, calls = remote(verb, "box", **variables)
    assert result.returncode == 0, result.stderr
    assert [call.strip() for call in calls] == [f"sh /opt/app/current/deploy/activate.sh {options}"]


def test_root_reads_the_logs_as_the_account(remote):
    _, calls = remote("logs", "box")
    assert calls == ["su -s /bin/sh -c 'tail -n 20  /opt/app/logs/access.log /opt/app/logs/error.log' app"]


def test_every_connection_is_to_a_known_host_and_lends_no_agent(remote, tmp_path):
    remote("status", "box")
    calls = (tmp_path / "calls.options").read_text().splitlines()
    assert len(calls) >= 4  # to connect, to ask, to do it, and to end the connection
    assert all("-o ForwardAgent=no -o StrictHostKeyChecking=yes" in options for options in calls)


def test_where_nothing_is_installed_it_says_so(remote):
    result, _ = remote("status", "box", facts="")
    assert result.returncode == 69
    assert "app is not installed on box" in result.stderr
