"""fleet.sh: which boxes it takes together, when it stops, what it says. ship.sh is a stub here."""

import os
import shutil
import subprocess
import time

import pytest

from verifying import PROJECT, script

# Boxes named after what happens to them; each says when it began and ended.
STUB = """
echo "begin $*" >>"$LOG"
echo "==> Running setup.sh on $*"
case "$*" in
  *slow*) sleep 0.5 ;;
  *fails*) echo "error: this box is not ready" >&2; code=78 ;;
esac
cat
echo "end $*" >>"$LOG"
exit ${code:-0}"""


@pytest.fixture
def fleet(tmp_path):
    """Run fleet.sh; returns its result and the log of ship.sh."""
    deploy, log = tmp_path / "deploy", tmp_path / "log"
    deploy.mkdir()
    log.touch()
    for name in ("fleet.sh", "connection.sh", "hosts.sh"):
        shutil.copy(PROJECT / "deploy" / name, deploy)
    script(deploy / "ship.sh", STUB)

    def run(*arguments, **environment):
        result = subprocess.run(
            ["bash", deploy / "fleet.sh", *arguments],
            env={**os.environ, "LOG": str(log), **environment},
            capture_output=True,
            text=True,
            input="for nobody",
            timeout=60,
        )
        return result, log.read_text().splitlines()

    return run


def outcomes(result):
    lines = result.stdout.splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("==> Of "))
    return [line.strip().split(": ", 1)[1] for line in lines[heading + 1 :]]


def test_the_first_box_is_alone_and_the_others_come_in_batches(fleet):
    result, log = fleet("slow1,slow2,slow3,slow4", "7", BATCH="2")
    assert result.returncode == 0
    assert log[:2] == ["begin slow1 7", "end slow1 7"]
    assert {line.split()[0] for line in log[2:4]} == {"begin"}
    assert log[6:] == ["begin slow4 7", "end slow4 7"]
    assert outcomes(result) == ["version 7 is in service"] * 4
    assert "for nobody" not in result.stdout


def test_a_canary_that_fails_spares_all_others(fleet):
    result, log = fleet("fails,a,b", "7")
    assert (result.returncode, log) == (78, ["begin fails 7", "end fails 7"])
    assert outcomes(result) == ["failed with status 78", "not tried", "not tried"]


def test_a_box_that_fails_spares_the_batches_behind_its_own(fleet):
    result, log = fleet("a,fails,slow,b", "7", BATCH="2")
    assert result.returncode == 78
    assert outcomes(result) == [
        "version 7 is in service",
        "failed with status 78",
        "version 7 is in service",
        "not tried",
    ]
    assert not any(" b " in line for line in log)


def test_each_box_s_words_stay_together(fleet):
    result, _ = fleet("a,slow,fails,b", "7")
    text = result.stdout[result.stdout.index("==> fails") :]
    assert text.splitlines()[1:3] == ["    ==> Running setup.sh on fails 7", "    error: this box is not ready"]


def test_a_check_asks_every_box(fleet):
    result, log = fleet("--check", "a,fails,b,c", "7", BATCH="1")
    assert result.returncode == 78
    assert [line for line in log if line.startswith("begin")] == [
        f"begin --check {box} 7" for box in ("a", "fails", "b", "c")
    ]
    assert outcomes(result) == ["ready for version 7", "failed with status 78", *["ready for version 7"] * 2]


def test_an_inventory_stands_for_the_hosts(fleet, tmp_path):
    (tmp_path / "inventory").write_text("root@a # the canary\n\nroot@b\nroot@a\n")
    result, log = fleet("", "7", INVENTORY=str(tmp_path / "inventory"))
    assert result.returncode == 0
    assert [line for line in log if line.startswith("begin")] == ["begin root@a 7", "begin root@b 7"]


@pytest.mark.parametrize("arguments", [(), ("a",), ("a,b", ""), ("a;b,c", "7"), (",", "7"), ("", "7")])
def test_wrong_arguments_reach_no_box(fleet, arguments):
    result, log = fleet(*arguments)
    assert (result.returncode, log) == (64, [])


@pytest.mark.parametrize("batch", ["0", "x", "-1", "1000", "1;ls"])
def test_a_batch_is_a_number(fleet, batch):
    result, log = fleet("a,b", "7", BATCH=batch)
    assert (result.returncode, log) == (64, [])


def test_an_interrupt_stops_the_boxes_at_work(fleet, tmp_path):
    script(tmp_path / "deploy/ship.sh", 'echo begin >>"$LOG"; exec sleep 30')
    process = subprocess.Popen(
        ["bash", tmp_path / "deploy/fleet.sh", "a,b", "7"], env={**os.environ, "LOG": str(tmp_path / "log")}
    )
    while not (tmp_path / "log").read_text():
        time.sleep(0.01)
    process.terminate()
    assert process.wait(10) == 130
    assert (tmp_path / "log").read_text() == "begin\n"
