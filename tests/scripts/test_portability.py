"""What runs on the build host runs on macOS too: bash 3.2, BSD tools, GNU make 3.81; as far as can be told on Linux.

No package has bash 3.2 or BSD's tools. Their stand-ins: what they lack is looked for in the scripts, and busybox's
tools, which know few of GNU's options, take the place of GNU's.
"""

import os
import re
import shutil
import subprocess

import pytest

import building
from bash_features import emptied, newer

pytestmark = pytest.mark.slow

# These run on the box, which is Linux.
OF_THE_BOX = ("setup.sh", "activate.sh")
SCRIPTS = sorted(path for path in (building.TEMPLATE / "deploy").glob("*.sh") if path.name not in OF_THE_BOX)
# Arrays that are made empty, and are filled where they are used: the script ends before.
FILLED = {"connection.sh": {"found"}, "ship.sh": {"found", "hosts", "options"}, "verify.sh": {"hosts"}}
# Options and programs that macOS lacks (its manual pages).
GNU_ONLY = (
    *(r"\bsed (-[a-z]*[isz]\b|-r\b|--)", r"\bsed .*\\[+?|swbd]", r"\bgrep .*\\[+?|swb]", r"\bgrep -[a-z]*P"),
    *(r"\breadlink -f", r"(?<!\.)\brealpath\b", r"\bstat -[cf]", r"\bdate -[dIr]", r"\+%[^ ]*N"),
    *(r"\bxargs -[a-z]*[rd]", r"\bmktemp (-p|--)", r"\b(head|tail) -[nc] ?-", r"-printf\b|-newer[a-z]t|-regextype"),
    *(r"\bdu -[a-z]*[bB]", r"\btar --(sort|owner|group|mtime|transform|no-same)", r"\bbase64 -w", r"\btouch -d"),
    *(r"\b(ln|mv|cp) -[a-zA-Z]*[Tr]\b", r"\binstall -D", r"\bsort -[a-z]*[VRh]\b", r"\bps -[a-z]+ --|\bps --"),
    r"\b(cp|mv|ln|rm|mkdir|ls|cut|tail|head|sort|wc|cat|date|stat|du|df|touch|id|find|awk|xargs) --[a-z]",
    r"\b(gensub|strftime|systime|asorti?)\(",
    r"/proc/|/dev/shm",
    r"\b(sha256sum|md5sum|timeout|flock|nproc|tac|seq|setsid|getent|taskset|free|ss|ip|numfmt|shuf)\b(?= [-\"$\d])",
)


# What came to the standard library after 3.9, and ruff does not know by its target version.
NEWER_PYTHON = (
    *(r"datetime\.UTC", r"\bstrict=", r"\bpairwise\b", r"\bExceptionGroup\b", r"\bStrEnum\b", r"contextlib\.chdir"),
    *(r"\bfile_digest\b", r"\bbatched\b", r"^import tomllib", r"\bslots=True", r"\bkw_only=", r"\bbit_count\b"),
)
MODULES = sorted([*(building.TEMPLATE / "deploy").rglob("*.py"), *(building.TEMPLATE / "tests").glob("*.py")])


def code_of(script):
    """The lines that are no comments; what a line hands to the box's shell is cut off."""
    for number, line in enumerate(script.read_text().splitlines(), 1):
        if not line.lstrip().startswith("#"):
            yield number, re.split(r"\bremote (-\w+ )?[\"']", line)[0]


@pytest.fixture(scope="module")
def maybe_empty():
    return emptied(*(script.read_text() for script in SCRIPTS))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_nothing_that_bash_3_2_cannot_do(script, maybe_empty):
    assert newer(script.read_text(), maybe_empty - FILLED.get(script.name, set())) == []


def test_nothing_that_python_3_9_does_not_have():
    lines = [(path.name, line) for path in MODULES for line in path.read_text(encoding="utf-8").splitlines()]
    assert [found for found in lines if any(re.search(pattern, found[1]) for pattern in NEWER_PYTHON)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_none_of_gnu_s_own_options(script):
    found = [
        f"{script.name}:{number}: {line.strip()}"
        for number, line in code_of(script)
        if any(re.search(pattern, line) for pattern in GNU_ONLY)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        *('echo "${name,,}"', 'echo "${name@Q}"', 'echo "${name:0:-1}"', 'echo "${list[-1]}"', "echo $BASHPID"),
        *("declare -A x", "f() { local -n x=$1; }", "mapfile x", "read -t 0.5 x", "wait -n", "printf '%(%s)T' -1"),
        *("a |& b", "a &>>b", "case a in a) ;& b) ;; esac", "coproc a", "[[ -v x ]]", "exec {fd}>x", "echo {01..10}"),
        *("x=$(case a in a) b ;; esac)", "x=$(\n  a # it's\n)", "x=$(cat <<E\na )\nE\n)", 'list=()\necho "${list[@]}"'),
    ],
)
def test_what_bash_3_2_cannot_do_is_found(text):
    assert newer(text, emptied(text))


@pytest.mark.parametrize(
    "text",
    [
        *('echo "${name//,/ }" "${name:1:3}" "${name#a}" "${name:-${other:-}}"', "declare -a x", "read -r -d '' x"),
        *('list=(a)\nlist+=(b)\necho "${list[@]}"', 'list=()\necho ${list[@]+"${list[@]}"} ${#list[@]}', "a &>b"),
        *("x=$(a | b) # it's", "case a in a) x=$(b) ;; esac", "cat <<E\na )\nE", "echo {1..9}", "printf -v x %s y"),
    ],
)
def test_what_it_can_do_is_not(text):
    assert newer(text, emptied(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        *("sed -i s/a/b/ c", "sed 's/a\\+/b/' c", "readlink -f x", "tar --sort=name", "date -d @1", "head -n -1 x"),
        *("sort -V x", "cp --archive a b", "mktemp --tmpdir x", "grep -P x", 'sha256sum "$x"', "cat /proc/version"),
    ],
)
def test_gnu_s_own_options_are_found(text):
    assert any(re.search(pattern, text) for pattern in GNU_ONLY)


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
