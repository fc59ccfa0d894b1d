"""Several targets in one go: in parallel, with readable output, and no failure stops another one."""

import re
import shutil
import signal
import subprocess

import pytest

import building
from lab.command import wait_until

pytestmark = pytest.mark.slow

PYTHONS = '[{ "os": "debian", "version": "12", "bit": "64", "python": ["3.11.2", "3.12.1", "3.13.5"] }]'
FIRST, SECOND, THIRD = (f"debian-12-x86_64-py{python}" for python in ("3.11.2", "3.12.1", "3.13.5"))
# Answers like an engine that has no images; each pull waits until as many have begun as WAIT_FOR says.
DOCKER = """\
case "$1" in
  version) echo 20.10 ;;
  pull) mkdir -p "$HOME/pulls"; touch "$HOME/pulls/$$"; n=0
    until [ "$(ls "$HOME/pulls" | wc -l)" -ge "${WAIT_FOR:-1}" ] || [ "$n" -ge 200 ]; do sleep 0.05; n=$((n + 1)); done
    [ "$n" -lt 200 ] && echo "no route" || echo "alone"; exit 1 ;;
  *) exit 1 ;;
esac"""


@pytest.fixture
def project(tmp_path):
    project = building.Project(tmp_path)
    project.stub("docker", DOCKER)
    project.write("deploy/targets.json", PYTHONS)
    shutil.copy(building.TEMPLATE / "Makefile", project.root)
    return project


def test_one_failure_stops_no_other_and_the_summary_names_each(project):
    result = project.build("1")
    assert result.returncode == 69
    assert result.stdout.splitlines()[-4:] == [
        "==> summary",
        f"    {FIRST}: failed (69)",
        f"    {SECOND}: failed (69)",
        f"    {THIRD}: failed (69)",
    ]
    assert result.stderr.splitlines()[-1] == (f"error: 3 of 3 targets failed: {FIRST}, {SECOND}, {THIRD}; see above")


@pytest.mark.parametrize("way", ["JOBS", "make -j3", "make -j 3 in a shell"])
def test_targets_are_built_at_the_same_time_and_each_line_says_for_which(project, way):
    if way == "JOBS":
        result = project.build("1", JOBS="3", WAIT_FOR="3")
    else:
        words = ["-j3"] if way == "make -j3" else ["-j", "3"]
        result = project.run("make", "-C", project.root, "tarball", "VERSION=1", *words, WAIT_FOR="3")
    assert "no route" in result.stderr and "alone" not in result.stderr
    prefixes = {line.partition(": ")[0] for line in result.stdout.splitlines() if "pulling debian:12" in line}
    assert prefixes == {FIRST, SECOND, THIRD}
    own = re.compile(rf"({FIRST}|{SECOND}|{THIRD}): |==> |    |error: |make")
    assert [line for line in (result.stdout + result.stderr).splitlines() if not own.match(line)] == []


def test_by_default_they_follow_one_another(project):
    result = project.build("1")
    assert [line for line in result.stdout.splitlines() if line.startswith("==> app")] == [
        f"==> app-v1 for {name}" for name in (FIRST, SECOND, THIRD)
    ]


@pytest.mark.parametrize("value", ["0", "two", "-1", "1000"])
def test_a_number_of_jobs_that_is_none_is_refused(project, value):
    result = project.build("1", JOBS=value)
    assert (result.returncode, result.stderr) == (64, f"error: JOBS must be a number from 1 to 999, not {value!r}\n")


def test_an_interruption_ends_every_build(project, tmp_path):
    environment = {**project.environment, "JOBS": "2", "WAIT_FOR": "9"}
    command = ["bash", project.root / "deploy/build_tarball.sh", "1"]
    pulls = tmp_path / "pulls"
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as build:
        assert wait_until(lambda: pulls.is_dir() and len(list(pulls.iterdir())) == 2, 30)
        build.send_signal(signal.SIGTERM)
        output = build.communicate(timeout=30)[0]
    assert build.returncode == 130
    assert output.count("error: interrupted; nothing half-made is left") == 3
    assert len(list(pulls.iterdir())) == 2


def test_make_targets_needs_no_engine(project):
    project.stub("docker", "exit 1")
    project.write(
        "deploy/targets.json",
        '[{ "os": "centos", "version": "7.40", "bit": "64", "python": ["3.11.2"], "interpreter": "archive",'
        ' "archive": "/a.tar.gz#sha256=' + 64 * "0" + '" },'
        ' { "os": "centos", "version": "5", "bit": "64", "python": ["3.11.2"] }]',
    )
    result = project.run("make", "-C", project.root, "--no-print-directory", "targets")
    assert result.returncode == 0, result.stderr
    titles, row, refused = result.stdout.splitlines()
    assert re.split("  +", titles)[:3] == ["target", "base image", "glibc"]
    assert re.split("  +", row) == [
        *("centos-7.4-x86_64-py3.11.2", "centos:7.4.1708", "2.17", "none here", "3.11.2", "archive", "?", "?")
    ]
    assert refused.startswith("refused: centos-5-x86_64-py3.11.2: CPython 3.10 and newer need OpenSSL 1.1.1")


def test_make_targets_asks_the_engine_what_it_has(project):
    project.stub("docker", '[ "$1" != version ] || { echo 20.10; exit; }; exit 1')
    result = project.run("bash", project.root / "deploy/targets.sh", TARGET=FIRST)
    assert re.split("  +", result.stdout.splitlines()[1])[3:] == ["docker", "3.11.2", "prebuilt", "no", "no"]
