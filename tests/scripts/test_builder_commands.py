"""make tarball and make lock from outside: exit codes, messages, and that nothing changes where they refuse."""

import json
import shutil
import subprocess
import sys

import pytest

import building

pytestmark = pytest.mark.slow

NO_DOCKER = 'echo "Cannot connect to the Docker daemon" >&2; exit 1'
OTHER_SYSTEM = '[{ "os": "ubuntu", "version": "20.04", "bit": "64", "python": ["3.11.2"] }]'


@pytest.fixture
def project(tmp_path):
    project = building.Project(tmp_path)
    project.stub("docker", NO_DOCKER)
    return project


def refused(project, result, code, message):
    """Assert that a run ended with this code and one message, and changed nothing."""
    assert (result.returncode, result.stderr.count("error: ")) == (code, 1), result.stderr
    assert message in result.stderr
    assert not (project.root / "dist").exists()
    assert not (project.root.parent / ".cache/offline-flask/interpreters").exists()


def test_byte_code_goes_to_the_cache_even_where_python_is_told_to_write_none(project):
    before = project.files()
    project.build("", PYTHONDONTWRITEBYTECODE="1")
    assert project.files() == before
    assert list((project.root.parent / ".cache/offline-flask/pycache").rglob("main.*.pyc"))


@pytest.mark.parametrize("arguments", [[], [""], ["1", "2"]])
def test_a_missing_version_is_refused_with_the_usage(project, arguments):
    refused(project, project.build(*arguments), 64, "usage: deploy/build_tarball.sh VERSION (make tarball VERSION=…)")


@pytest.mark.parametrize("version", ["../1", "a b", "-1", "$(touch pwned)", "é", "1\n2"])
def test_a_wrong_version_is_refused(project, version):
    before = project.files()
    refused(project, project.build(version), 64, "VERSION must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}, not ")
    assert project.files() == before


def test_an_unknown_target_is_refused_with_the_known_ones(project):
    result = project.build("1", TARGET="centos-7")
    refused(project, result, 64, "deploy/targets.json has no target 'centos-7'; it has:\n    debian-12-")


def test_a_broken_targets_file_is_refused_with_row_and_key(project):
    project.write("deploy/targets.json", building.TARGETS.replace('"64"', "64"))
    refused(project, project.build("1"), 78, 'deploy/targets.json, line 2, row 1, key "bit": must be 64')


def test_missing_settings_are_refused(project):
    (project.root / "config.env").unlink()
    refused(project, project.build("1"), 78, "config.env cannot be read: No such file or directory")


def test_an_unknown_engine_is_refused(project):
    refused(project, project.build("1", ENGINE="podman"), 64, "ENGINE must be one of auto, docker, host, not 'podman'")


def test_without_docker_the_docker_engine_is_refused_with_advice(project):
    result = project.build("1", ENGINE="docker")
    refused(project, result, 69, "no Docker engine answers; install and start one")
    assert "or build with ENGINE=host" in result.stderr


@pytest.mark.parametrize("engine", ["auto", "host"])
def test_the_host_engine_builds_for_this_machine_only(project, engine):
    project.write("deploy/targets.json", OTHER_SYSTEM)
    result = project.build("1", ENGINE=engine)
    refused(project, result, 69, "the host engine builds for this machine only")
    assert "add a row for this machine to deploy/targets.json" in result.stderr


def test_an_unknown_system_is_refused_with_the_known_ones(project):
    project.stub("docker", "echo 20.10")
    project.write("deploy/targets.json", building.TARGETS.replace("debian", "plan9"))
    refused(
        project,
        project.build("1"),
        78,
        "plan9 12 cannot be built for; these can: debian 11 12 13, ubuntu 20.04 22.04 24.04, centos 5 6",
    )


def test_a_base_image_that_cannot_be_had_is_refused(project):
    project.stub("docker", '[ "$1" != version ] || { echo 20.10; exit; }; echo "no route"; exit 1')
    result = project.build("1")
    refused(project, result, 69, "the base image debian:12 is not here and cannot be pulled")
    assert "engine docker: Docker 20.10 answers" in result.stdout


def test_an_old_python_is_refused(project):
    old = "import runpy, sys; sys.version_info = (3, 8, 18); runpy.run_path(sys.argv[-2], run_name='__main__')"
    project.stub("python3", f'exec "{sys.executable}" -c "{old}" "$3/__main__.py" "$4"')
    refused(project, project.build("1"), 69, "this needs Python 3.9 or newer as python3; install it")


def test_no_python_is_refused(project):
    (project.stubs / "python3").unlink()
    for name in ("bash", "dirname"):
        (project.stubs / name).symlink_to(shutil.which(name))
    result = project.build("1", PATH=str(project.stubs))
    assert result.returncode == 69
    assert result.stderr.startswith("error: this needs Python 3.9 or newer as python3; install it")


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_every_shell_reaches_the_builder(project, shell):
    result = project.run(shell, project.root / "deploy/build_tarball.sh", "a b")
    refused(project, result, 64, "VERSION must match")


def test_lock_wants_no_arguments_and_requirements(project):
    lock = project.root / "deploy/lock.sh"
    refused(project, project.run("sh", lock, "more"), 64, "usage: ")
    (project.root / "project/requirements.txt").unlink()
    refused(project, project.run("sh", lock), 78, "nothing in project/ says what the app needs")


def test_the_builder_writes_no_byte_code_into_the_project(project):
    before = project.files()
    project.build("1", ENGINE="podman")
    assert project.files() == before


def test_sources_json_is_what_a_version_is_added_to():
    known = json.loads((building.TEMPLATE / "wheels/sources.json").read_text())
    assert set(known) == {"cpython", "openssl", "sqlite", "libffi", "xz"}
    for rows in known.values():
        assert set(rows) == {"licence", "urls", "debian", "sha256"}


def test_every_script_s_header_is_its_help():
    scripts = [*(building.TEMPLATE / "wheels").glob("*.sh"), building.TEMPLATE / "deploy/build_tarball.sh"]
    assert len(scripts) > 8
    for script in scripts:
        head = script.read_text().partition("set -Eeuo pipefail")[0]
        assert f"# {script.name}: " in head, script
        assert "# Usage: " in head and "# Exit codes: " in head, script
        subprocess.run(["bash", "-n", script], check=True)
