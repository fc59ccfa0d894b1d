"""The lab's own promises about the sandbox, which stands in for a box where nobody is root."""

import os
import traceback

import pytest

from lab.command import wait_until
from lab.sandbox import open_sandbox
from processes import command_lines

NOBODY = 65534


def as_nobody(function):
    """Run `function`, as root in a child that is not; a failed assertion in it fails the test."""
    if os.geteuid() != 0:
        function()
        return
    child = os.fork()
    if child == 0:
        os._exit(exit_code_without_root(function))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def exit_code_without_root(function):
    """Give up root for good and run `function`; 1 if it raises, with the reason on stderr."""
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        function()
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


@pytest.fixture
def outside_open(monkeypatch):
    """The child cannot enter the directory that root runs the tests in."""
    monkeypatch.chdir("/")


def test_it_is_its_user_s_own_and_has_no_network(outside_open):
    def look():
        with open_sandbox() as sandbox:
            seen = sandbox.run("sh", "-c", "id -u; echo $HOME; ls -A; grep -c : /proc/net/dev", cwd=sandbox.home)
            assert seen.stdout.split() == [str(os.getuid()), str(sandbox.home), "1"]
            processes = sandbox.run("sh", "-c", "echo /proc/[0-9]*", cwd=sandbox.home).stdout.split()
            assert len(processes) <= 4
        assert not sandbox.home.exists()

    as_nobody(look)


def test_no_process_outlives_it(outside_open):
    def leave_one():
        with open_sandbox() as sandbox:
            sandbox.run("sh", "-c", "setsid sleep 4242 >/dev/null 2>&1 &", cwd=sandbox.home)
            assert wait_until(lambda: "sleep 4242" in command_lines(), seconds=10)
        assert "sleep 4242" not in command_lines()

    as_nobody(leave_one)
