"""setup.sh where the bundle brings no interpreter: it is compiled (by a stub here), or one of the box is found."""

import os
import signal
import subprocess
import time

import pytest

from box_home import account, contents, run, switch
from building import TEMPLATE
from handmade import RECORDER, Bundle
from lab.command import wait_until

pytestmark = pytest.mark.slow

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]
# A Python that no machine has.
NAME = "python-3.99.2-0123456789ab"
LOCAL = f"{NAME}/local"
STUB = b'#!/bin/sh\nexec "${0%/*}/../local/bin/python3.99" "$@"\n'
SCRIPTS = {
    "build-python.sh": 'echo "@@ compiling"; echo noise; install -D -m 755 "$SOURCE" "$FULL/bin/python"',
    "trim-python.sh": 'cp -R "$FULL/bin" "$SHIPPED"; cp "$FULL/bin/python" "$SHIPPED/bin/python3.99"',
    "compile-stdlib.sh": ":",
}
FAILS = "for line in 1 2 3; do echo line $line; done; exit 3"


def source(version="1", build=SCRIPTS["build-python.sh"], needs="sh:dash"):
    scripts = {**SCRIPTS, "build-python.sh": build}
    files = {f"{NAME}/source/{name}": f"{text}\n".encode() for name, text in scripts.items()}
    files[f"{NAME}/source/compile-on-box.sh"] = (TEMPLATE / "wheels/compile-on-box.sh").read_bytes()
    files[f"{NAME}/source/recipe"] = b"VERSION=3.99.2\nLIBRARIES=\nMTIME=0\n"
    files[f"{NAME}/source/Python-3.99.2.tar.xz"] = RECORDER
    values = {"INTERPRETER": "source", "COMPILING_NEEDS": needs}
    return Bundle(version, values, {f"{NAME}/bin/python3.99": STUB, **files}, NAME)


def none(version="1"):
    return Bundle(version, {"INTERPRETER": "none", "PYTHON_ABI": "cp399"}, {f"{NAME}/bin/python3.99": STUB}, NAME)


def make_python(home, directory, body):
    """A Python that an earlier release has left."""
    path = home / directory / "bin/python3.99"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_it_is_compiled_once_and_shared(home, shell):
    source().write(home)
    result = run(home, shell=shell)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "    compiling\n" in result.stdout and "noise" not in result.stdout
    assert f"handed over: -E -s -B {home}/app-v1/deploy/release install" in result.stdout
    listed = {line[66:] for line in (home / LOCAL / "SHA256SUMS").read_text().splitlines()}
    assert listed == {"./bin/python", "./bin/python3.99"}
    assert (home / LOCAL / "bin/python3.99").stat().st_mode & 0o777 == 0o555
    assert not list((home / "state").glob("staging.*"))
    source("2").write(home)
    again = run(home, "2", account().pw_name, shell=shell)
    assert (again.returncode, "compiling" in again.stdout.lower()) == (0, False), again.stdout
    assert f"{NAME} is here already" in again.stdout


@pytest.mark.parametrize("damage", ["echo >>bin/python", "touch bin/added", "rm bin/python"])
def test_what_was_compiled_and_is_damaged_is_compiled_again(home, damage):
    source().write(home)
    assert run(home).returncode == 0
    subprocess.run(["sh", "-c", f"chmod -R u+w . && {damage}"], cwd=home / LOCAL, check=True, **switch())
    result = run(home)
    assert (result.returncode, "    compiling\n" in result.stdout) == (0, True), result.stderr
    assert "is damaged: replacing it" in result.stdout
    assert contents(home / LOCAL) == ["SHA256SUMS", "bin", "bin/python", "bin/python3.99"]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_all_that_compiling_lacks_is_named_at_once(home, shell):
    source(needs="no-such-compiler:gcc-99 no/such.h:libnothing-dev sh:dash").write(home)
    before = contents(home)
    result = run(home, shell=shell)
    assert (result.returncode, contents(home)) == (78, before)
    needed = "whose source this bundle brings, needs no-such-compiler no/such.h: apt-get install gcc-99 libnothing-dev"
    assert f"compiling Python 3.99.2, {needed}\n" in result.stderr


@pytest.mark.parametrize("needs", ["gcc:--admindir=/tmp", "$(id):gcc", "*:gcc", "-x:gcc", "gcc", "gcc:a;b"])
def test_strange_needs_are_refused(home, needs):
    source(needs=needs).write(home)
    result = run(home)
    assert (result.returncode, "BUNDLE names no packages" in result.stderr) == (65, True), result.stderr


def test_a_strange_way_is_refused(home):
    Bundle(values={"INTERPRETER": "docker"}).write(home)
    assert run(home).returncode == 65


def test_compiling_that_fails_is_explained_and_leaves_its_log_alone(home):
    source(build=FAILS).write(home)
    before = contents(home)
    result = run(home)
    assert result.returncode == 70
    message = f"    line 3\nerror: Python 3.99.2 cannot be compiled here; the whole log is {home}/state/compile.log"
    assert message in result.stderr
    assert [path for path in contents(home) if path not in before] == ["state", "state/compile.log"]
    source().write(home)
    assert run(home).returncode == 0


def compiling(home, shell):
    """setup.sh in the middle of compiling, and the process that compiles."""
    source(build='echo $$ >"$WORK/../../../../pid"; exec sleep 60').write(home)
    command = [*shell, "setup.sh", "1", account().pw_name]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.DEVNULL, **switch())
    assert wait_until(lambda: (home / "pid").exists() and (home / "pid").read_text().strip(), seconds=30)
    return process, int((home / "pid").read_text())


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_interrupted_compiling_ends_and_leaves_nothing_that_the_next_run_minds(home, shell, number):
    process, compiler = compiling(home, shell)
    begin = time.monotonic()
    process.send_signal(number)
    process.wait(timeout=10)
    assert wait_until(lambda: is_gone(compiler), seconds=10)
    assert time.monotonic() - begin < 10
    if number != signal.SIGKILL:
        assert process.returncode == 70
        assert [path for path in contents(home) if not path.startswith("app-v1")] == ["pid", "setup.sh"]
    source().write(home)
    result = run(home, shell=shell)
    assert result.returncode == 0, result.stderr
    assert not list((home / "state").glob("staging.*"))


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_an_earlier_release_s_python_is_found_and_kept(home, shell):
    make_python(home, "python-3.99.1-aaaaaaaaaaaa", "exit 0")
    make_python(home, "python-3.99.2-bbbbbbbbbbbb", 'echo "found: $1 $2 $3 $4"; exit 0')
    none().write(home)
    result = run(home, shell=shell)
    assert result.returncode == 0, result.stderr
    assert os.readlink(home / LOCAL) == f"{home}/python-3.99.2-bbbbbbbbbbbb"
    assert f"found: -E -s -B {home}/app-v1/deploy/release" in result.stdout
    # It stays with that one, though another would now come first.
    make_python(home, "python-3.99.2-aaaaaaaaaaaa", "exit 0")
    none("2").write(home)
    assert run(home, "2", account().pw_name, shell=shell).returncode == 0
    assert os.readlink(home / LOCAL) == f"{home}/python-3.99.2-bbbbbbbbbbbb"


def test_a_compiled_one_serves_others(home):
    source().write(home)
    assert run(home).returncode == 0
    other = "python-3.99.2-cccccccccccc"
    Bundle("2", {"INTERPRETER": "none"}, {f"{other}/bin/python3.99": STUB}, other).write(home)
    result = run(home, "2", account().pw_name)
    assert result.returncode == 0, result.stderr
    assert os.readlink(home / other / "local") == f"{home}/{LOCAL}"


def test_one_that_will_not_do_is_named_with_the_reason(home):
    make_python(home, "python-3.99.2-bbbbbbbbbbbb", "echo Traceback >&2; echo \"No module named 'venv'\" >&2; exit 1")
    none().write(home)
    before = contents(home)
    result = run(home)
    assert (result.returncode, contents(home)) == (78, before)
    assert "no Python 3.99 is here: apt-get install python3.99, or build with INTERPRETER=prebuilt" in result.stderr
    assert f"{home}/python-3.99.2-bbbbbbbbbbbb/bin/python3.99 is not it: No module named 'venv'" in result.stderr


def test_a_python_that_is_gone_is_replaced_by_another(home):
    make_python(home, "python-3.99.2-bbbbbbbbbbbb", "exit 0")
    none().write(home)
    assert run(home).returncode == 0
    (home / "python-3.99.2-bbbbbbbbbbbb").rename(home / "python-3.99.2-dddddddddddd")
    none("2").write(home)
    assert run(home, "2", account().pw_name).returncode == 0
    assert os.readlink(home / LOCAL) == f"{home}/python-3.99.2-dddddddddddd"
