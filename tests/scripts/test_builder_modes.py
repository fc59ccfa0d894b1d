"""How the box comes by its interpreter: what chooses, the question at a terminal, and what such a bundle brings."""

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

import building

box_python = building.part("builder.box_python")
modes = building.part("builder.modes")
output = building.part("builder.output")
sources = building.part("builder.sources")
targets = building.part("builder.targets")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    for name in ("INTERPRETER", "ARCHIVE"):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_wins_over_the_row(monkeypatch):
    assert modes.of_target(building.TARGET) == "prebuilt"
    assert modes.of_target(building.TARGET._replace(interpreter="none")) == "none"
    monkeypatch.setenv("INTERPRETER", "source")
    assert modes.of_target(building.TARGET._replace(interpreter="none")) == "source"


def test_another_mode_is_refused(monkeypatch):
    monkeypatch.setenv("INTERPRETER", "docker")
    with pytest.raises(output.Failure, match="no interpreter 'docker'; there are prebuilt, archive, source, none"):
        modes.of_target(building.TARGET)


@pytest.fixture
def project(tmp_path):
    """A project whose build ends for want of an engine, after the question."""
    project = building.Project(tmp_path)
    project.stub("docker", "exit 1")
    return project


def at_a_terminal(project, typed, **environment):
    """The exit code of a build at a terminal at which that is typed, and what the terminal shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", project.root / "deploy/build_tarball.sh", "1"],
        env={**project.environment, "ENGINE": "docker", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the terminal's other end is closed
            break
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


# Whatever cannot be an answer is asked again; the end of the input is the default.
@pytest.mark.parametrize(("typed", "times"), [(b"n\n", 1), (b"what\nS\n", 2), (b"\n", 1), (b"\x04", 1)])
def test_at_a_terminal_it_asks_what_nothing_has_chosen(project, typed, times):
    code, shown = at_a_terminal(project, typed)
    assert (code, shown.count("Bundle Python in the tarball?")) == (69, times), shown
    assert "no Docker engine answers" in shown


def test_what_is_chosen_is_not_asked(project):
    assert "Bundle Python" not in at_a_terminal(project, b"", INTERPRETER="none")[1]
    row = '[{ "os": "debian", "version": "12", "bit": "64", "python": ["3.11.2"], "interpreter": "source" }]'
    project.write("deploy/targets.json", row)
    assert "Bundle Python" not in at_a_terminal(project, b"")[1]


def test_without_a_terminal_nothing_is_asked(project):
    result = project.build("1", ENGINE="docker")
    assert (result.returncode, "Bundle Python" in result.stdout + result.stderr) == (69, False)


@pytest.mark.parametrize(("answer", "mode"), [("", "prebuilt"), (" Yes", "prebuilt"), ("s", "source"), ("no", "none")])
def test_an_answer_is_what_the_environment_would_say(monkeypatch, answer, mode):
    monkeypatch.setattr("sys.stdin", TerminalOf(answer))
    monkeypatch.setattr("sys.stdout", TerminalOf(""))
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    monkeypatch.setenv("INTERPRETER", "")
    modes.ask_if_open([building.TARGET])
    assert modes.of_target(building.TARGET) == mode


class TerminalOf:
    """Says of itself that it is one."""

    def __init__(self, _text):
        self.isatty = lambda: True


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """What stands in for the interpreter that made the wheels, and for fetched sources."""
    for name in ("cpython", "openssl", "libffi", "sqlite", "xz"):
        (tmp_path / name).write_bytes(box_python.XZ if name == "cpython" else b"\x1f\x8b")
    monkeypatch.setattr(sources, "tarball", lambda name, *_: tmp_path / name)
    for name in ("pip/__init__.py", "pip/fast.so"):
        for series in ("2.7", "3.11"):
            path = tmp_path / f"shipped/lib/python{series}/site-packages/{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    return tmp_path / "shipped"


def names(target, shipped):
    return [member.path for member in box_python.members(target, shipped)]


def test_without_an_interpreter_there_is_a_stub_and_pip(shipped):
    assert names(building.TARGET._replace(interpreter="none"), shipped) == [
        *("bin", "bin/python3.11", "lib", "lib/python3.11", "lib/python3.11/site-packages"),
        *("lib/python3.11/site-packages/pip", "lib/python3.11/site-packages/pip/__init__.py"),
    ]


def test_the_stub_runs_what_local_leads_to(shipped, tmp_path):
    members = box_python.members(building.TARGET._replace(interpreter="none"), shipped)
    (stub,) = [member for member in members if member.path == "bin/python3.11"]
    programs = {"a b": stub.content.decode(), "own": '#!/bin/sh\necho "$0|$@"\n'}
    for path, text in {f"{name}/{stub.path}": text for name, text in programs.items()}.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(stub.mode)
    (tmp_path / "a b/local").symlink_to(tmp_path / "own")
    shown = subprocess.run([tmp_path / "a b/bin/python3.11", "a  b", "c"], capture_output=True, text=True).stdout
    assert shown == f"{tmp_path}/own/bin/python3.11|a  b c\n"


def test_with_the_source_comes_all_that_compiles_it(shipped):
    target = building.TARGET._replace(python="2.7.18", interpreter="source")
    found = [path for path in names(target, shipped) if path.startswith("source/")]
    assert {"source/Python-2.7.18.tar.xz", "source/openssl-1.1.1w.tar.gz", "source/recipe"} <= set(found)
    script = (building.TEMPLATE / "wheels/compile-on-box.sh").read_text()
    for name in re.findall(r"\b[a-z_-]+\.sh\b", script.partition("set -Eeuo")[2]):
        assert f"source/{name}" in found
    assert box_python.recipe(target).splitlines() == [
        *("VERSION=2.7.18", "LIBRARIES=openssl=1.1.1w", "MORE_CFLAGS=", "COMPILER_PATH=", "ABSENT=", "MTIME=315532800"),
    ]


@pytest.mark.parametrize(
    ("target", "there", "not_there"),
    [
        (building.TARGET, "gcc:gcc xz:xz-utils openssl/ssl.h:libssl-dev uuid/uuid.h:uuid-dev", "perl zstd.h"),
        (building.TARGET._replace(python="2.7.18"), "perl:perl zlib.h:zlib1g-dev", "openssl/ssl.h lzma.h uuid/uuid.h"),
        (building.TARGET._replace(python="3.14.0"), "zstd.h:libzstd-dev", "perl"),
        (targets.Target("rocky", "9", "x86_64", "3.12.1"), "ffi.h:libffi-devel uuid/uuid.h:libuuid-devel", "perl"),
        (targets.Target("centos", "5.11", "x86_64", "3.7.0"), "gcc:gcc gdbm.h:gdbm-devel", "sqlite3.h ffi.h lzma.h"),
        (
            targets.Target("centos", "6.10", "x86_64", "3.9.2"),
            "/opt/rh/devtoolset-8/root/usr/bin/gcc:devtoolset-8-gcc perl:perl",
            "openssl/ssl.h sqlite3.h gcc",
        ),
    ],
)
def test_what_compiling_needs_is_named_with_the_target_s_own_packages(shipped, target, there, not_there):
    found = box_python.needs(target).split()
    assert set(there.split()) <= set(found)
    assert not set(not_there.split()) & {need.partition(":")[0] for need in found}
    # setup.sh takes nothing else (read_bundle).
    pattern = re.search(r"COMPILING_NEEDS\)\" '(\^.*\$)'", (building.TEMPLATE / "deploy/setup.sh").read_text())[1]
    assert re.match(pattern, " ".join(found))


def test_every_package_for_compiling_is_asked_for_or_known_to_be_no_need_of_python(shipped):
    known = {name for line in lines(building.TEMPLATE / "wheels/box-needs.txt") for name in line.split()[1:]}
    # Of the scripts that build images or wheels, and of modules that are not promised (dbm).
    needless = {"tar", "patch", "db4-devel", "libdb-devel", "devtoolset-8-binutils"}
    for path in Path(building.TEMPLATE / "wheels/packages").glob("*.txt"):
        assert {name for name in lines(path) if "-release" not in name} - needless <= known, path


def lines(path):
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
