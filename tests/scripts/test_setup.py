"""setup.sh on bundles made by hand, in user mode, in every shell that a box may have as sh."""

import fcntl
import gzip
import json
import os
import platform
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

import handmade
from box_home import account, as_account, contents, run
from handmade import INTERPRETER, Bundle, special
from lab.command import wait_until

TCP = Path("/proc/net/tcp")
SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]


def install(home):
    Bundle().write(home)
    assert run(home).returncode == 0


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_good_bundle_is_put_in_place_and_handed_over(home, shell):
    Bundle().write(home)
    result = run(home, shell=shell)
    assert result.returncode == 0, result.stderr
    handed_over = result.stdout.splitlines()[-1]
    options = f"--person {account().pw_name} --lock-file-descriptor 9 --settings "
    assert handed_over == f"handed over: -E -s -B {home}/app-v1/deploy/release install {options} {home} app 1"
    assert (home / "app-v1/app.py").read_text() == "app = None\n"
    assert (home / INTERPRETER / "bin/python3.11").stat().st_mode & 0o777 == 0o555
    assert (home / "state/mode").read_text() == "user\n"
    assert not list((home / "state").glob("staging.*"))


def test_a_hostile_environment_changes_nothing(home):
    Bundle().write(home)
    hostile = {"TAR_OPTIONS": "--exclude=app.py", "GZIP": "-9", "PYTHONHOME": "/nonexistent", "CDPATH": "/tmp"}
    result = run(home, environment={**hostile, "PATH": f"{home}:{os.environ['PATH']}"})
    assert result.returncode == 0, result.stderr
    assert (home / "app-v1/app.py").exists()


@pytest.mark.parametrize("place", ["", "relative", "/tmp/$(touch evil)", "/tmp/a b", "/tmp/a\nb"])
def test_a_home_that_is_no_plain_path_is_refused(home, place):
    Bundle().write(home)
    result = run(home, environment={"HOME": place})
    assert result.returncode == 78
    assert "is not a plain path" in result.stderr


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_variables_of_the_script_s_own_come_from_nowhere_else(home, shell):
    """staging would be removed at the end."""
    Bundle().write(home)
    (home / "state").mkdir()
    (home / "state").chmod(0o777)
    own = {name: str(home / "kept") for name in ("staging", "created", "gaps", "tools", "missing", "settings")}
    (home / "kept").mkdir()
    (home / "kept").chmod(0o777)
    with open(home / "state/lock", "w") as lock:
        (home / "state/lock").chmod(0o666)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run(home, shell=shell, environment=own).returncode == 75
    assert (home / "kept").is_dir()
    assert run(home, shell=shell, environment={**own, "BASH_FUNC_tar%%": "() { false; }"}).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "takes VERSION and USERNAME"),
        (("1",), "takes VERSION and USERNAME"),
        (("../1", "nobody"), "'../1' is not a version"),
        (("1\n2", "nobody"), "is not a version"),
        (("", "nobody"), "'' is not a version"),
        (("--chek", "1", "nobody"), "setup.sh has no option '--chek'"),
        (("1", "nobody", "PORT=abc"), "which takes a number from 1 to 65535"),
        (("1", "nobody", "WORKERS=0"), "which takes a number from 1 to 999"),
        (("1", "nobody", "NGINX=yes"), "which takes site, snippet or none"),
        (("1", "no body"), "is not an account name"),
        (("1", "$(id)"), "is not an account name"),
        (("1", "daemon"), "run setup.sh as root or as daemon"),
    ],
)
def test_wrong_arguments_are_refused(home, arguments, message):
    Bundle().write(home)
    before = contents(home)
    result = run(home, *(arguments or ("",)))
    assert (result.returncode, contents(home)) == (64, before)
    assert message in result.stderr


def test_a_missing_bundle_is_named(home):
    result = run(home)
    assert result.returncode == 69
    assert "there is no bundle NAME-v1.tar.gz" in result.stderr


REFUSED_MEMBERS = {
    "climbs out": special("app-v1/../../evil", tarfile.REGTYPE),
    "absolute name": special("/tmp/evil", tarfile.REGTYPE),
    "beside the release": special("evil", tarfile.REGTYPE),
    "link to the root": special("app-v1/link", tarfile.SYMTYPE, "/etc"),
    "link that climbs": special("app-v1/link", tarfile.SYMTYPE, "../../etc"),
    "hard link": special("app-v1/link", tarfile.LNKTYPE, "app-v1/app.py"),
    "hard link out": special("app-v1/link", tarfile.LNKTYPE, "/etc/passwd"),
    "device": special("app-v1/device", tarfile.CHRTYPE),
    "fifo": special("app-v1/fifo", tarfile.FIFOTYPE),
    "set-user-id": special("app-v1/file", tarfile.REGTYPE, permissions=0o4755),
    "set-group-id": special("app-v1/file", tarfile.REGTYPE, permissions=0o2755),
    "sticky": special("app-v1/directory", tarfile.DIRTYPE, permissions=0o1777),
    "file that others can write": special("app-v1/file", tarfile.REGTYPE, permissions=0o666),
    "directory that others can write": special("app-v1/directory", tarfile.DIRTYPE, permissions=0o777),
    "directory that its owner cannot enter": special("app-v1/directory", tarfile.DIRTYPE, permissions=0),
    "file that its owner cannot read": special("app-v1/file", tarfile.REGTYPE, permissions=0),
    "newline": special("app-v1/a\nb", tarfile.REGTYPE),
    "escape": special("app-v1/a\x1bb", tarfile.REGTYPE),
    "backslash": special("app-v1/a\\b", tarfile.REGTYPE),
    "twice": special("app-v1/app.py", tarfile.REGTYPE),
    "not listed": special("app-v1/sitecustomize.py", tarfile.REGTYPE),
}


@pytest.mark.parametrize("name", REFUSED_MEMBERS)
def test_a_hostile_member_is_refused_and_nothing_is_left(home, name):
    Bundle(extra=[REFUSED_MEMBERS[name]]).write(home)
    before = contents(home)
    result = run(home)
    assert (result.returncode, contents(home)) == (65, before), result.stderr


def test_what_holds_more_than_it_says_is_refused_before_it_fills_the_disk(home):
    bomb = gzip.compress(bytes(200 << 20))
    tarball = Bundle().write(home)
    tarball.write_bytes(tarball.read_bytes() + bomb)
    tarball.with_name(tarball.name + ".sha256").unlink()
    before = contents(home)
    result = run(home)
    assert (result.returncode, contents(home)) == (65, before)
    assert "it holds more than its BUNDLE says" in result.stderr


def test_a_file_below_a_link_is_refused(home):
    link = special("app-v1/link", tarfile.SYMTYPE, "deploy")
    Bundle(extra=[link, special("app-v1/link/evil", tarfile.REGTYPE)]).write(home)
    result = run(home)
    assert result.returncode == 65
    assert "lies below a link" in result.stderr


def test_an_interpreter_that_cannot_be_run_is_refused_before_it_is_put_in_place(home, monkeypatch):
    monkeypatch.setattr(handmade, "mode", lambda path: 0o444)
    Bundle().write(home)
    before = contents(home)
    result = run(home)
    assert (result.returncode, contents(home)) == (65, before), result.stderr
    assert "bin/python3.11 cannot be run" in result.stderr


def test_an_unlisted_file_is_refused(home):
    Bundle(unlisted={f"{INTERPRETER}/lib/sitecustomize.py": b"raise SystemExit\n"}).write(home)
    result = run(home)
    assert result.returncode == 65
    assert "sitecustomize.py is missing or not listed" in result.stderr


def test_a_changed_file_is_refused(home):
    Bundle(unlisted={"app-v1/app.py": b"changed\n"}).write(home)
    result = run(home)
    assert result.returncode == 65
    assert "app-v1/app.py: FAILED" in result.stderr


@pytest.mark.parametrize("where", [10, 0.5, -1])
def test_a_flipped_byte_is_refused(home, where):
    tarball = Bundle().write(home)
    data = bytearray(tarball.read_bytes())
    data[int(where * len(data)) if where == 0.5 else where] ^= 1
    tarball.write_bytes(data)
    before = contents(home)
    assert (run(home).returncode, contents(home)) == (65, before)


def test_a_truncated_bundle_is_refused_with_and_without_its_sidecar(home):
    tarball = Bundle().write(home)
    tarball.write_bytes(tarball.read_bytes()[:-200])
    assert run(home).returncode == 65
    tarball.with_name(tarball.name + ".sha256").unlink()
    assert run(home).returncode == 65


def test_a_truncated_bundle_of_an_installed_version_is_called_damaged_and_nothing_else(home):
    tarball = Bundle().write(home)
    assert run(home).returncode == 0
    (home / "state/complete/1").write_text("{}")
    tarball.write_bytes(tarball.read_bytes()[:-200])
    tarball.with_name(tarball.name + ".sha256").unlink()
    result = run(home)
    assert result.returncode == 65
    (error,) = (line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert "is damaged: gzip: " in error


def test_without_a_sidecar_there_is_a_warning(home):
    tarball = Bundle().write(home)
    tarball.with_name(tarball.name + ".sha256").unlink()
    result = run(home)
    assert result.returncode == 0
    assert "warning: ./app-v1.tar.gz.sha256 is not here" in result.stderr


@pytest.mark.parametrize(
    ("values", "status", "message"),
    [
        ({"FORMAT": "2"}, 65, "a format that this setup.sh does not know"),
        ({"VERSION": "2"}, 65, "its file name is wrong"),
        ({"PYTHON_DIR": "../../etc"}, 65, "BUNDLE names no interpreter"),
        ({"PYTHON_DIR": "$(touch evil)"}, 65, "BUNDLE names no interpreter"),
        ({"PYTHON": "3.11.2\nPYTHON="}, 65, "its BUNDLE says something twice"),
        ({"UNPACKED_BYTES": "many"}, 65, "BUNDLE has no number for UNPACKED_BYTES"),
        ({"UNPACKED_BYTES": "0x$(id)"}, 65, "BUNDLE has no number for UNPACKED_BYTES"),
        ({"MEMBERS": "9" * 8}, 65, "BUNDLE has no number for MEMBERS"),
        ({"TARGET": "é"}, 65, "its BUNDLE has characters other than ASCII's printable ones"),
        ({"TARGET": "\0"}, 65, "its BUNDLE has characters other than ASCII's printable ones"),
        ({"GLIBC": "2"}, 65, "BUNDLE names no version of glibc"),
    ],
)
def test_a_wrong_head_is_refused(home, values, status, message):
    Bundle(values=values).write(home)
    before = contents(home)
    result = run(home)
    assert (result.returncode, contents(home)) == (status, before), result.stderr
    assert message in result.stderr


def test_every_gap_of_the_box_is_listed_at_once(home):
    Bundle(values={"ARCH": "s390x", "GLIBC": "9.99", "UNPACKED_BYTES": "9" * 15, "MEMBERS": "9" * 7}).write(home)
    before = contents(home)
    result = run(home)
    assert (result.returncode, contents(home)) == (78, before)
    for gap in ("the bundle is for s390x", "needs 9.99", "KiB are needed", "are needed"):
        assert gap in result.stderr


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_check_names_the_target_and_changes_nothing(home, shell):
    Bundle().write(home)
    before = contents(home)
    result = run(home, "--check", "1", account().pw_name, shell=shell)
    assert (result.returncode, contents(home)) == (0, before), result.stderr
    system = platform.freedesktop_os_release()
    row = {"os": system["ID"], "version": system["VERSION_ID"], "bit": "64", "python": ["3.11.2"]}
    assert row == json.loads(result.stdout.partition("for this box: ")[2].splitlines()[0])
    assert result.stdout.endswith("    nothing is missing\n")


def test_a_check_lists_every_gap_and_names_the_target_all_the_same(home):
    Bundle(values={"ARCH": "s390x", "GLIBC": "9.99", "UNPACKED_BYTES": "9" * 15}).write(home)
    before = contents(home)
    result = run(home, "--check", "1", account().pw_name)
    assert (result.returncode, contents(home)) == (78, before)
    assert '"python": ["3.11.2"] }' in result.stdout
    for gap in ("the bundle is for s390x", "needs 9.99", "KiB are needed"):
        assert gap in result.stderr


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_port_that_another_holds_is_a_gap_and_a_gunicorn_of_the_account_is_none(home, shell):
    Bundle().write(home)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        result = run(home, "--check", "1", account().pw_name, f"PORT={port}", shell=shell)
    assert (result.returncode, f"port {port} is held by" in result.stderr) == (78, True)
    assert run(home, "--check", "1", account().pw_name, f"PORT={port}", shell=shell).returncode == 0
    with as_account("busybox", "nc", "-l", "-p", str(port), "-e", "gunicorn") as gunicorn:
        assert wait_until(lambda: f":{port:04X} " in Path("/proc/net/tcp6").read_text() + TCP.read_text(), seconds=5)
        result = run(home, "--check", "1", account().pw_name, f"PORT={port}", shell=shell)
        gunicorn.kill()
    assert result.returncode == 0, result.stderr


def test_settings_are_handed_over_and_wrong_ones_refused(home):
    Bundle().write(home)
    result = run(home, "1", account().pw_name, "PORT=8001", "SERVER_NAME=*.a.example,b.example", "WORKERS=")
    assert "--settings PORT=8001\nSERVER_NAME=*.a.example,b.example\nWORKERS=\n " in result.stdout
    for setting in ("PORT=65536", "PORT=0", "PORT=1;2", "NGINX=no", "SERVER_NAME=a b", "WORKERS=0", "X=1", "PORT"):
        assert run(home, "1", account().pw_name, setting).returncode == 64, setting


@pytest.mark.skipif(os.geteuid() != 0, reason="root mode; needs root")
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_root_who_may_not_see_other_accounts_processes_is_told_so(home, shell):
    """As in a container: with less than this the health gate could never pass."""
    Bundle().write(home)
    check = [*shell, "setup.sh", "--check", "1", "nobody"]
    fewer = ["setpriv", "--inh-caps=-sys_ptrace", "--bounding-set=-sys_ptrace"]
    found = [subprocess.run([*before, *check], cwd=home, capture_output=True, text=True) for before in ([], fewer)]
    assert ["SYS_PTRACE" in result.stderr for result in found] == [False, True]
    assert found[1].returncode == 78


def test_root_s_installation_is_never_mixed_with_a_user_s(home):
    install(home)
    (home / "state/mode").write_text("root\n")
    result = run(home)
    assert result.returncode == 78
    assert "was installed in root mode" in result.stderr


def test_a_deployment_names_the_one_that_runs(home):
    install(home)
    with open(home / "state/lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run(home)
    assert result.returncode == 75
    assert "another deployment runs: setup.sh 1, process" in result.stderr


def test_a_release_that_is_installed_is_activated_again(home):
    install(home)
    (home / "state/complete/1").touch()
    result = run(home)
    assert result.returncode == 0
    assert f" activate --person {account().pw_name} --lock-file-descriptor 9 " in result.stdout


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_of_an_installed_release_it_is_said_if_a_file_has_changed(home, shell):
    install(home)
    (home / "state/complete/1").touch()
    assert "is not what" not in run(home, shell=shell).stderr
    (home / "app-v1/app.py").unlink()
    result = run(home, shell=shell)
    assert result.returncode == 0, result.stderr
    assert f"warning: {home}/app-v1/app.py is not what app-v1 brought" in result.stderr


def test_other_content_under_an_installed_version_is_refused(home):
    install(home)
    (home / "state/complete/1").touch()
    Bundle(files={"app-v1/app.py": b"app = 1\n"}).write(home)
    result = run(home)
    assert result.returncode == 65
    assert "is installed already, with other content" in result.stderr
    assert (home / "app-v1/app.py").read_text() == "app = None\n"


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_an_interpreter_that_is_here_as_listed_is_not_unpacked_again(home, shell):
    install(home)
    # Unpacked, this one would be refused.
    Bundle("2", unlisted={f"{INTERPRETER}/bin/python3.11": b"another\n"}).write(home)
    result = run(home, "2", account().pw_name, shell=shell)
    assert result.returncode == 0, result.stderr
    assert f"{INTERPRETER} is here already" in result.stdout
    assert (home / INTERPRETER / "bin/python3.11").read_bytes() == handmade.RECORDER


def test_an_unfinished_release_and_a_damaged_interpreter_are_replaced(home):
    install(home)
    interpreter = home / INTERPRETER / "bin/python3.11"
    interpreter.chmod(0o755)
    interpreter.write_text("damaged")
    (home / "app-v1/half-made").touch()
    assert run(home).returncode == 0
    assert interpreter.read_text().startswith("#!/bin/sh")
    assert not (home / "app-v1/half-made").exists()
