"""The generated Makefile: its help, and what reaches the scripts."""

import re

import pytest

from lab.command import run
from lab.project import Project, environment, generate

VERBS = ["help", "doctor", "lock", "audit", "keygen", "targets", "tarball", "reproduce", "inspect", "diff"]
VERBS += ["rehearse", "kit", "preflight", "deploy", "verify", "rollback", "status", "restart", "stop", "start"]
VERBS += ["logs", "uninstall", "clean"]
VALUES = ["20180119", "", "a b", "it's", 'a"b', "-x", "*", "`touch pwned`", "x; touch pwned"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """One for all that change nothing."""
    return generate(tmp_path_factory.mktemp("generated")).root


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    """Some shells export HOST."""
    for variable in ("HOST", "VERSION"):
        monkeypatch.delenv(variable, raising=False)


def test_help_lists_the_verbs_in_the_order_of_work(bake):
    project = bake()
    result = Project(project).make("help")
    assert result.returncode == 0, result.stderr
    assert [line.split()[1] for line in result.stdout.splitlines()] == VERBS
    assert all(len(line.split()) > 3 for line in result.stdout.splitlines())
    assert run("make", cwd=project, env=environment()).stdout == result.stdout


@pytest.mark.parametrize(
    ("verb", "script", "variables"),
    [
        ("tarball", "build_tarball.sh", ["VERSION"]),
        ("deploy", "ship.sh", ["HOST", "VERSION"]),
        ("verify", "verify.sh", ["HOST", "VERSION"]),
    ],
)
def test_values_reach_the_script_unchanged(bake, verb, script, variables):
    project = bake()
    recorder = project / "deploy" / script
    recorder.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    recorder.chmod(0o755)
    for value in VALUES:
        result = Project(project).make(verb, **dict.fromkeys(variables, value))
        assert result.stdout == f"{value}\n" * len(variables)
    assert not (project / "pwned").exists()


def test_other_settings_reach_the_script_through_the_environment(bake):
    project = bake()
    (project / "deploy/build_tarball.sh").write_text('#!/bin/sh\necho "$ENGINE $TARGET"\n')
    (project / "deploy/build_tarball.sh").chmod(0o755)
    result = Project(project).make("tarball", VERSION="1", ENGINE="host", TARGET="debian-12-x86_64-py3.11.2")
    assert result.stdout == "host debian-12-x86_64-py3.11.2\n"


# What each verb must be given; the others take all from the project.
BOX = {"HOST": "deploy@box.invalid"}
NEEDS = {
    **dict.fromkeys(("tarball", "reproduce", "inspect", "rehearse", "kit"), {"VERSION": "1"}),
    **dict.fromkeys(("preflight", "deploy"), {**BOX, "VERSION": "1"}),
    **dict.fromkeys(("verify", "rollback", "status", "restart", "stop", "start", "logs", "uninstall"), BOX),
    "diff": {"A": "1", "B": "2"},
    "keygen": {"SIGN_KEY": "key.pem"},
}
NEED_NOTHING = {"help", "doctor", "lock", "audit", "targets", "clean"}


def test_of_every_verb_it_is_known_what_it_needs():
    assert NEEDS.keys() | NEED_NOTHING == set(VERBS)


@pytest.mark.parametrize(("verb", "missing"), [(verb, name) for verb, names in NEEDS.items() for name in names])
def test_a_verb_that_lacks_a_value_says_which_and_does_nothing(project, verb, missing):
    before = sorted(project.rglob("*"))
    given = {name: value for name, value in NEEDS[verb].items() if name != missing}
    result = Project(project).make(verb, **given)
    assert result.returncode == 2
    (message,) = re.findall(r"^(?:error: |usage: ).*", result.stderr, re.MULTILINE)[-1:]
    assert re.search(rf"make {verb} .*\b{missing}=", message), result.stderr
    assert "Error 64" in result.stderr
    assert sorted(project.rglob("*")) == before


def test_clean_removes_what_was_built_and_nothing_else(bake):
    project = bake()
    before = sorted(project.rglob("*"))
    (project / "dist/debian-12-x86_64-py3.11.2").mkdir(parents=True)
    assert Project(project).make("clean").returncode == 0
    assert sorted(project.rglob("*")) == before
