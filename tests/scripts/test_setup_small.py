"""setup.sh on a .tar.xz: what it leaves out is made here, and only what is listed gets to run and to stay."""

import os
import shutil
import subprocess

import pytest

import building
import handmade
from box_home import account, complete, refused, run, tree
from forms import COMPILED, PYC, members, write, write_small, write_whole

pytestmark = pytest.mark.slow

output = building.part("builder.output")
pack = building.part("pack")
small = building.part("builder.small")


def bundle(**files):
    return handmade.Bundle("2", files={**COMPILED, **files})


def setup(home, *options, **more):
    return run(home, *options, "2", account().pw_name, **more)


def test_the_larger_form_is_taken_where_both_are_and_it_says_so(home):
    write_small(home, bundle())
    write_whole(home, bundle())
    result = setup(home)
    assert result.returncode == 0, result.stderr
    assert "app-v2.tar.gz is taken; app-v2.tar.xz, which lies here too, is left alone" in result.stdout
    assert "Making the interpreter's byte code" not in result.stdout


@pytest.mark.parametrize("shell", [("dash",), ("bash",), ("busybox", "sh")])
def test_what_is_left_out_is_made_here(home, shell):
    write_small(home, bundle())
    result = setup(home, shell=shell)
    assert result.returncode == 0, result.stderr
    assert "==> Making the interpreter's byte code" in result.stdout and "handed over: -E -s -B" in result.stdout
    assert (home / PYC).read_bytes() == b"BYTECODE"
    assert (home / PYC).stat().st_mode & 0o777 == 0o444


def test_it_is_the_same_release_as_the_whole_bundle_s(home):
    write_small(home, bundle())
    assert setup(home).returncode == 0
    first = tree(home, "app-v2", handmade.INTERPRETER)
    for name in ("app-v2", handmade.INTERPRETER):
        shutil.rmtree(home / name)
    (home / "app-v2.tar.xz").unlink()
    write_whole(home, bundle())
    assert setup(home).returncode == 0
    assert tree(home, "app-v2", handmade.INTERPRETER) == first


def test_an_interpreter_that_is_here_is_not_made_again(home):
    write_small(home, bundle())
    assert setup(home).returncode == 0
    complete(home, bundle())
    (home / "state/complete/2").unlink()
    result = setup(home)
    assert (result.returncode, "byte code" in result.stdout) == (0, False), result.stderr
    assert "is here already" in result.stdout


def test_byte_code_that_came_along_is_not_made_again(home):
    write_small(home, bundle(), lambda path: False)
    result = setup(home)
    assert (result.returncode, "byte code" in result.stdout) == (0, False), result.stderr


def test_other_byte_code_than_is_listed_is_refused(home):
    write_small(home, bundle(**{PYC: b"other"}))
    refused(home, setup(home), 65, "does not hold what its SHA256SUMS and MANIFEST list")


def test_an_interpreter_that_is_not_as_listed_does_not_run(home):
    made = bundle()
    head, _ = members(made)
    made.files[f"{handmade.INTERPRETER}/bin/python"] = b"#!/bin/sh\ntouch /tmp/offline-flask-ran\n"
    _, content = members(made)
    kept = [member for member in content if not member.path.endswith(".pyc")]
    write(home, "app-v2.tar.xz", [head, kept], head[2])
    refused(home, setup(home), 65, "bin/python: FAILED")
    assert not os.path.exists("/tmp/offline-flask-ran")


def test_without_xz_it_is_a_gap(home, tmp_path):
    write_small(home, bundle())
    text = (home / "setup.sh").read_text()
    tools = tmp_path / "tools"
    tools.mkdir()
    tools.chmod(0o755)
    tmp_path.chmod(0o755)
    for directory in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for tool in os.listdir(directory):
            if tool != "xz" and not (tools / tool).exists():
                (tools / tool).symlink_to(os.path.join(directory, tool))
    shutil.copytree(tools, home / "tools", symlinks=True)
    (home / "setup.sh").write_text(text.replace("PATH=/usr/local/sbin:", f"PATH={home}/tools # ", 1))
    refused(home, setup(home), 78, "the command xz, which unpacks app-v2.tar.xz, is missing")
    (home / "app-v2-since-1.delta").write_bytes(b"This one can be unpacked.\n")
    refused(home, setup(home), 65, "app-v2-since-1.delta")


def test_every_reader_of_xz_reads_it(home, tmp_path):
    path = write_small(home, bundle())
    plain = subprocess.run(["xz", "-dc", path], capture_output=True, check=True).stdout
    for reader in (["busybox", "xz", "-dc"], ["bsdtar", "-tf"], ["tar", "-tJf"]):
        result = subprocess.run([*reader, path], capture_output=True, check=True)
        assert result.stdout == plain if reader[0] == "busybox" else b"app-v2/SHA256SUMS" in result.stdout


@pytest.mark.parametrize("python, left_out", [("3.11.2", True), ("3.13.5", True), ("2.7.18", True), ("3.9.2", False)])
def test_byte_code_that_may_come_out_otherwise_is_not_left_out(python, left_out):
    members = [pack.file_of_bytes("python/os.py", b""), pack.file_of_bytes("python/os.pyc", b"")]
    assert (len(small.without_bytecode(members, python)) == 1) == left_out


def test_another_compression_is_refused(monkeypatch):
    monkeypatch.setenv("COMPRESS", "zip")
    with pytest.raises(output.Failure, match="COMPRESS is gz or xz, not 'zip'") as failure:
        small.is_wanted()
    assert failure.value.code == 64
