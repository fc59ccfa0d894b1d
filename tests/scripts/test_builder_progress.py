"""What is seen of long work: one line on a terminal, plain lines elsewhere, and as little or as much as is wanted."""

import os
import pty
import re
import subprocess
import sys

import pytest

import building

pytestmark = pytest.mark.slow

WORK = r"""
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from builder import output, process
log = Path(sys.argv[2]) / "build-python-0123456789abcdef.log"
script = "echo 'gcc -c https://me:secret@host one.c'; echo '@@ half of it'; sleep 1.3; "
script += "printf 'a\\tb\\033[31mred\\n'; sleep 0.8"
output.say("==> interpreter")
status = process.run_logged(["sh", "-c", script], None, log)
output.result("==> built it")
output.warning("mind the step")
"""
STEPS = "==> interpreter\n    half of it\n==> built it\n"


def program(tmp_path):
    return [sys.executable, "-B", "-c", WORK, str(building.TEMPLATE / "deploy"), str(tmp_path)]


def on_terminal(tmp_path, **environment):
    """All that a terminal of 60 columns gets."""
    master, slave = pty.openpty()
    variables = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "60", **environment}
    with subprocess.Popen(program(tmp_path), stdin=slave, stdout=slave, stderr=slave, env=variables):
        os.close(slave)
        received = b""
        while True:
            try:
                received += os.read(master, 1024)
            except OSError:  # the other end is closed
                break
    os.close(master)
    return received.decode()


def on_screen(received):
    """What stands there in the end: erased lines are gone."""
    rows = [re.split(r"\r\x1b\[K", row.removesuffix("\r"))[-1] for row in received.split("\n")]
    return "\n".join(rows)


def in_a_file(tmp_path, **environment):
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(program(tmp_path), env=variables, capture_output=True, text=True, check=True).stdout


def test_a_terminal_shows_time_and_the_last_line_while_it_lasts(tmp_path):
    received = on_terminal(tmp_path)
    assert re.search(r"\x1b\[2m    build-python 0:01  gcc -c https://…@host one\.c\x1b\[0m", received)
    assert re.search(r"build-python 0:01  a bred\x1b\[0m", received)
    assert "secret" not in received
    drawn = re.findall(r"    build-python [^\x1b]*", received)
    assert drawn and max(map(len, drawn)) < 60
    assert on_screen(received) == f"{STEPS}warning: mind the step\n"


def test_no_color_means_none(tmp_path):
    received = on_terminal(tmp_path, NO_COLOR="1")
    assert "build-python 0:01" in received and "\x1b[2m" not in received


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"QUIET": "1"}, {"VERBOSE": "1"}], ids=str)
def test_nothing_is_redrawn_where_it_cannot_or_should_not_be(tmp_path, environment):
    assert "\x1b" not in on_terminal(tmp_path, **environment)


def test_elsewhere_there_are_plain_lines(tmp_path):
    assert in_a_file(tmp_path, TERM="xterm") == STEPS


def test_quiet_leaves_the_result(tmp_path):
    assert in_a_file(tmp_path, QUIET="1", VERBOSE="1") == "==> built it\n"


def test_verbose_shows_the_log_without_passwords(tmp_path):
    assert in_a_file(tmp_path, VERBOSE="1").splitlines() == [
        *("==> interpreter", "    gcc -c https://…@host one.c", "    half of it", "    a bred", "==> built it"),
    ]
