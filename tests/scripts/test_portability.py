"""What runs on the build host runs on macOS too: bash 3.2, BSD tools, GNU make 3.81; as far as can be told on Linux.

bash 3.2 itself and BSD's tools are not to be had here. Their stand-ins: what they lack is looked for in the text, and
busybox's tools, which know few of GNU's options, take the place of GNU's.
"""

import os
import re
import shutil
import subprocess

import pytest

import building

# These run on the box, which is Linux.
OF_THE_BOX = ("setup.sh", "activate.sh")
SCRIPTS = sorted(path for path in (building.TEMPLATE / "deploy").glob("*.sh") if path.name not in OF_THE_BOX)
# bash 4 and later (its CHANGES file).
NEWER_BASH = (
    *(r"declare -[a-z]*[An]", r"local -n", r"\bmapfile\b", r"\breadarray\b", r"\bcoproc\b", r"wait -n", r"\[\[ -v "),
    *(r"&>>", r"\|&", r"%\([^)]*\)T", r"\$\{\w+(\[[^]]*\])?(,,?|\^\^?)[^}]*\}", r"\$\{\w+@", r"\$\{\w+\[-\d"),
)
# Options and programs that macOS lacks (its manual pages).
GNU_ONLY = (
    *(r"\bsed (-[a-z]*i\b|-r\b|--)", r"\breadlink -f", r"(?<!\.)\brealpath\b", r"\bstat -c", r"\bdate (-d|--)"),
    *(r"\bgrep -[a-z]*P", r"\bxargs -[rd]", r"\bmktemp --", r"\bhead -n -", r"-printf\b", r"\bdu -b", r"\bnproc\b"),
    *(r"\btar --(sort|owner|group|mtime|transform)", r"\bsha256sum\b", r"\btimeout \d", r"\bbase64 -w", r"\bflock\b"),
    *(r"\+%[^ ]*N", r"\b(ln|mv|cp) -[a-zA-Z]*T", r"\binstall -D", r"\btac\b", r"\bseq\b"),
)


def code_of(script):
    """The lines that are no comments; what a line hands to the box's shell is cut off."""
    for number, line in enumerate(script.read_text().splitlines(), 1):
        if not line.lstrip().startswith("#"):
            yield number, re.split(r"\bremote (-\w+ )?[\"']", line)[0]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_neither_newer_bash_nor_gnu_s_own_options(script):
    found = [
        f"{script.name}:{number}: {line.strip()}"
        for number, line in code_of(script)
        if any(re.search(pattern, line) for pattern in (*NEWER_BASH, *GNU_ONLY))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        *(('echo "${name,,}"', NEWER_BASH), ("declare -A x", NEWER_BASH), ("a |& b", NEWER_BASH)),
        *(("sed -i s/a/b/ c", GNU_ONLY), ("readlink -f x", GNU_ONLY), ("tar --sort=name", GNU_ONLY)),
    ],
)
def test_the_patterns_find_what_they_are_for(text, pattern):
    assert any(re.search(one, text) for one in pattern)


@pytest.fixture
def busybox(tmp_path):
    """A PATH on which every tool but bash, make, python3 and ssh is busybox's."""
    directory = tmp_path / "busybox"
    directory.mkdir()
    program = shutil.which("busybox")
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        if name not in ("bash", "sh", "ash", "make", "env"):
            (directory / name).symlink_to(program)
    for name in ("bash", "sh", "make", "env", "python3", "dpkg-query"):
        (directory / name).symlink_to(shutil.which(name))
    return str(directory)


@pytest.fixture
def project(tmp_path):
    project = building.Project(tmp_path)
    shutil.copy(building.TEMPLATE / "Makefile", project.root)
    (project.root / "tests").mkdir()
    return project


@pytest.mark.parametrize(
    "command",
    [
        ["make", "-s"],
        ["make", "-s", "targets"],
        ["make", "-s", "tarball"],
        ["make", "-s", "deploy", "HOST=a", "VERSION=none"],
        ["make", "-s", "deploy", "VERSION=1", "INVENTORY=boxes"],
        ["make", "-s", "verify"],
        ["make", "-s", "rehearse", "VERSION=none"],
        ["make", "-s", "status", "HOST=-x"],
    ],
    ids=lambda command: " ".join(command[2:]) or "help",
)
def test_other_tools_than_gnu_s_do_the_same(project, busybox, command):
    project.stub("docker", "exit 1")
    project.write("boxes", "# ours\n\n  a@b  # the first\n")
    ours = project.run(*command[:1], "-C", project.root, *command[1:])
    path = f"{project.stubs}:{busybox}"
    theirs = project.run(*command[:1], "-C", project.root, *command[1:], PATH=path)
    assert (theirs.returncode, theirs.stdout, theirs.stderr) == (ours.returncode, ours.stdout, ours.stderr)
    assert os.path.basename(busybox) in path and (ours.stdout or ours.stderr)
