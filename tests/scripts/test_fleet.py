"""make deploy of several boxes: which it takes together, when it stops, what it says. ssh and scp are stubs."""

import re
import signal

import pytest

from fleet import Fleet, box
from lab.command import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def fleet(tmp_path):
    """A project with a bundle of version 7."""
    fleet = Fleet(tmp_path)
    fleet.add()
    return fleet


def order(fleet):
    return [line.split(":")[0] for line in fleet.logged("begin", "end")]


def outcomes(result):
    lines = result.stdout.splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("==> Of "))
    return [line.strip().split(": ", 1)[1] for line in lines[heading + 1 :]]


def test_the_first_box_is_alone_and_the_others_come_in_batches(fleet):
    result = fleet.ship("slow1,slow2,slow3,slow4", "7", BATCH="2")
    assert result.returncode == 0, result.stderr
    log = order(fleet)
    assert log[:2] == ["begin slow1", "end slow1"]
    assert {line.split()[0] for line in log[2:4]} == {"begin"}
    assert log[6:] == ["begin slow4", "end slow4"]
    assert outcomes(result) == ["version 7 is in service"] * 4


def test_a_canary_that_fails_spares_all_others(fleet):
    result = fleet.ship("fails,a,b", "7")
    assert (result.returncode, order(fleet)) == (78, ["begin fails", "end fails"])
    assert [line.split()[1] for line in fleet.logged("connect")] == ["fails"]
    assert outcomes(result) == ["failed with status 78", "not tried", "not tried"]


def test_a_box_that_fails_spares_the_batches_behind_its_own(fleet):
    result = fleet.ship("a,fails,slow,b", "7", BATCH="2")
    assert result.returncode == 78
    assert outcomes(result) == [
        "version 7 is in service",
        "failed with status 78",
        "version 7 is in service",
        "not tried",
    ]
    assert "begin b" not in order(fleet)


@pytest.mark.parametrize(
    ("host", "status", "reason"),
    [
        ("unreachable", 69, "cannot reach unreachable: ssh: no route to unreachable"),
        ("nologin", 69, "nologin does not answer as a box does: This account is currently not available."),
        ("full", 73, "the upload to full failed"),
        ("cut", 73, "the upload to cut failed"),
        ("lost", 69, "the connection to lost was lost; setup.sh ends there, or goes back, by itself: see make status"),
        ("fails", 78, "this box is not ready"),
    ],
)
def test_each_way_to_fail_has_its_code_and_its_reason(fleet, host, status, reason):
    among = fleet.ship(f"a,{host},b", "7")
    assert (among.returncode, among.stderr.splitlines()[-1]) == (status, f"{host}: error: {reason}")
    done = "version 7 is in service"
    assert outcomes(among) == [done, f"failed with status {status}", done]


def test_each_line_says_which_box_it_is_from(fleet):
    result = fleet.ship("a,slow,fails,b", "7")
    told = {line.split(": ")[0] for line in result.stdout.splitlines() if "==> at work" in line}
    assert told == {"a", "slow", "fails", "b"}
    assert "a: ==> at work on a" in result.stdout
    assert "==> at work on a\n" in fleet.ship("a", "7").stdout.splitlines(keepends=True)


def test_the_account_is_told_which_a_desktop_may_have_exported(fleet):
    assert "==> Running setup.sh on a as root, for the account app\n" in fleet.ship("a", "7").stdout


def test_an_upload_has_a_name_of_its_own_until_it_is_whole(fleet):
    assert fleet.ship("a", "7").returncode == 0
    copies = fleet.logged("copy")
    (directory,) = {re.fullmatch(r"copy a:(\.offline-flask\.[0-9a-f]{16})\.part/[^/]+", line)[1] for line in copies}
    assert [line.split("/")[-1] for line in copies] == ["app-v7.tar.gz", "app-v7.tar.gz.sha256", "setup.sh"]
    (begin,) = fleet.logged("begin")
    assert f"mv {directory}.part {directory} && cd {directory} || exit 73; sh setup.sh 7 app;" in begin
    assert f"rm -rf {directory};" in begin


@pytest.mark.parametrize(
    ("answers", "variables", "command"),
    [
        ({}, {}, "sh setup.sh 7 app;"),
        ({}, {"MODE": "user", "USERNAME": "root"}, None),
        ({"login": "deploy", "uid": "1000", "sudo": "yes"}, {}, "sudo -n sh setup.sh 7 app;"),
        ({"login": "deploy", "uid": "1000"}, {"MODE": "root"}, "sudo sh setup.sh 7 app;"),
        ({"login": "app", "uid": "1000"}, {}, "sh setup.sh 7 app;"),
        ({"login": "deploy", "uid": "1000"}, {}, None),
        ({}, {"USERNAME": "root"}, None),
        ({}, {"USERNAME": ""}, None),
        ({}, {"USERNAME": "a;id"}, None),
        ({}, {"SETTINGS": "PORT=8001 NGINX=none"}, "sh setup.sh 7 app 'PORT=8001' 'NGINX=none';"),
    ],
)
def test_as_whom_setup_runs(fleet, answers, variables, command):
    result = fleet.ship("a", "7", BOX=box(**answers), **variables)
    begun = fleet.logged("begin")
    assert (result.returncode, len(begun)) == ((0, 1) if command else (64, 0)), result.stderr
    assert command is None or f"|| exit 73; {command}" in begun[0].replace("'\"'\"'", "'")


def test_root_does_nothing_but_setup_and_is_never_given_a_password(fleet):
    """Whether sudo asks for one is found out; the upload and all that is tidied up is the login's own."""
    for sudo in ({"sudo": "yes"}, {}):
        fleet.ship("a", "7", BOX=box(login="deploy", uid="1000", **sudo), MODE="root")
    steps = {step.strip() for command in fleet.told() for step in re.findall(r"sudo [^;&|>]*", command)}
    assert steps == {"sudo -n true 2", "sudo -n sh setup.sh 7 app", "sudo sh setup.sh 7 app"}


def test_nobody_types_a_password_into_several_boxes(fleet):
    result = fleet.ship("a,b", "7", MODE="root", BOX=box(login="deploy", uid="1000"))
    assert (result.returncode, fleet.logged("upload")) == (69, [])
    assert "sudo asks for a password here" in result.stderr


def test_a_check_asks_every_box_and_uploads_no_more_than_the_head(fleet):
    result = fleet.ship("--check", "a,fails,b,c", "7", BATCH="1")
    assert result.returncode == 78
    assert order(fleet) == [f"{what} {box}" for box in ("a", "fails", "b", "c") for what in ("begin", "end")]
    assert "sh setup.sh --check 7 app" in fleet.logged("begin")[0]
    assert "Uploading" not in result.stdout
    assert not any(line.endswith(".sha256") for line in fleet.logged("copy"))
    assert outcomes(result) == ["ready for version 7", "failed with status 78", *["ready for version 7"] * 2]


def test_a_dry_run_uploads_nothing(fleet):
    answers = {"systemd": "yes", "there": "/etc/nginx/conf.d/app.conf", "current": "/opt/app app-v6"}
    result = fleet.ship("a,b", "7", DRY_RUN="1", BOX=box(**answers))
    assert (result.returncode, fleet.logged("upload", "copy", "begin")) == (0, [])
    for told in (
        "as root, by sh setup.sh 7 app:",
        "/opt/app/app-v7  ",
        "/etc/systemd/system/app@.service ",
        "write, where it differs, as NGINX says",
        "in service now: app-v6; then: app-v7",
    ):
        assert result.stdout.count(told) == 2, told
    assert outcomes(result) == ["nothing was changed"] * 2


def test_a_dry_run_in_user_mode_has_no_part_of_root_s(fleet):
    result = fleet.ship("a", "7", DRY_RUN="1", BOX=box(login="app", uid="1000", home="/home/app"))
    assert "/home/app/app-v7 " in result.stdout
    assert "crontab of app" in result.stdout
    assert not re.search("/etc/|/opt/|as root", result.stdout)


def test_an_inventory_stands_for_the_hosts(fleet):
    (fleet.root / "inventory").write_text("root@a # the canary\n\nroot@b\nroot@a\n")
    result = fleet.ship("", "7", INVENTORY=str(fleet.root / "inventory"))
    assert result.returncode == 0
    assert [line.split()[1] for line in fleet.logged("end")] == ["root@a", "root@b"]


def test_the_user_s_ssh_configuration_counts_and_no_agent_is_lent(fleet):
    fleet.ship("a,b", "7", SSH_CONFIG="my config")
    for line in fleet.logged("connect"):
        assert "-F my config" in line and "ForwardAgent=no" in line and "BatchMode=yes" in line
        assert "StrictHostKeyChecking=yes" in line
    fleet.ship("a", "7")
    (alone,) = fleet.logged("connect")
    assert "-F" not in alone and "BatchMode" not in alone  # someone may answer ssh's questions


@pytest.mark.parametrize("arguments", [(), ("a",), ("a,b", ""), ("a;b,c", "7"), (",", "7"), ("", "7"), ("-oX=y", "7")])
def test_wrong_arguments_reach_no_box(fleet, arguments):
    assert (fleet.ship(*arguments).returncode, fleet.logged()) == (64, [])


@pytest.mark.parametrize(
    "variables",
    [{"BATCH": batch} for batch in ("0", "x", "-1", "1000", "1;ls")]
    + [{"MODE": "both"}, {"SETTINGS": "PORT=1;id"}, {"SETTINGS": "$(id)"}],
)
def test_wrong_settings_reach_no_box(fleet, variables):
    assert (fleet.ship("a,b", "7", **variables).returncode, fleet.logged()) == (64, [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_connections_at_work(fleet, number):
    with fleet.start("hangs,b", "7") as process:
        assert wait_until(lambda: fleet.logged("begin"), 30)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (errors.splitlines()[-1][:18], "Traceback" in errors) == ("error: interrupted", False)
    assert not [line for line in fleet.logged("connect") if " b " in line]
