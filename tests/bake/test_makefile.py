"""The generated Makefile: its help, and what reaches the scripts."""

import pytest

from lab.command import run
from lab.project import Project, environment

VERBS = ["help", "doctor", "lock", "audit", "keygen", "targets", "tarball", "reproduce", "inspect", "diff"]
VERBS += ["rehearse", "kit", "preflight", "deploy", "verify", "rollback", "status", "restart", "stop", "start"]
VERBS += ["logs", "uninstall", "clean"]
VALUES = ["20180119", "", "a b", "it's", 'a"b', "-x", "*", "`touch pwned`", "x; touch pwned"]


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


@pytest.mark.parametrize(
    ("verb", "values", "missing"),
    [
        ("tarball", {}, "VERSION"),
        ("deploy", {"VERSION": "1"}, "HOST"),
        ("deploy", {"HOST": "deploy@box.invalid"}, "VERSION"),
        ("verify", {}, "HOST"),
        ("keygen", {}, "SIGN_KEY"),
        ("rehearse", {}, "VERSION"),
        ("preflight", {"VERSION": "1"}, "HOST"),
        ("preflight", {"HOST": "deploy@box.invalid"}, "VERSION"),
        *((verb, {}, "HOST") for verb in ("rollback", "status", "restart", "logs", "uninstall")),
    ],
)
def test_a_verb_that_lacks_a_value_says_which_and_does_nothing(bake, verb, values, missing):
    project = bake()
    before = sorted(project.rglob("*"))
    result = Project(project).make(verb, **values)
    assert result.returncode == 2
    assert "error: " in result.stderr
    assert missing in result.stderr
    assert "Error 64" in result.stderr
    assert sorted(project.rglob("*")) == before


def test_clean_removes_what_was_built_and_nothing_else(bake):
    project = bake()
    before = sorted(project.rglob("*"))
    (project / "dist/debian-12-x86_64-py3.11.2").mkdir(parents=True)
    assert Project(project).make("clean").returncode == 0
    assert sorted(project.rglob("*")) == before
