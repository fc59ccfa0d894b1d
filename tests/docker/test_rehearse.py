"""make rehearse for real: a bundle in a clean box without a network, and the reasons that people would meet there."""

import subprocess

import pytest

from lab.altered import alter
from lab.engine import require_base_image

CHECKS_OF_SYSTEMD = "the release starts at boot, and no other (systemd)"


@pytest.fixture(scope="module")
def bundle(project):
    return project.build("1")


def rehearse(project, version, **variables):
    result = project.run("deploy/rehearse.sh", version, **variables)
    print(result.stdout, result.stderr)
    return result


def verdicts(result, verdict):
    return [line[9:] for line in result.stdout.splitlines() if line.startswith(f"    {verdict:<4} ")]


@pytest.fixture(scope="module")
def rehearsed(project, bundle, tmp_path_factory):
    """A rehearsal in a container, and the directory of its report."""
    reports = tmp_path_factory.mktemp("reports")
    return rehearse(project, "1", ENGINE="docker", REPORT=reports), reports


def test_a_good_bundle_passes_in_a_container(rehearsed):
    result, _ = rehearsed
    assert result.returncode == 0
    assert "a container of debian:12 without a network" in result.stdout
    assert "==> Running the application's test.py" in result.stdout
    assert len(verdicts(result, "ok")) > 25 and verdicts(result, "RED") == []


def test_what_the_release_key_did_not_sign_is_refused_before_it_runs(project, bundle, tmp_path):
    assert project.run("deploy/keygen.sh", tmp_path / "key").returncode == 0
    result = rehearse(project, "1", ENGINE="docker", RELEASE_KEY=tmp_path / "key.pub")
    assert (result.returncode, "Installing" in result.stdout) == (65, False)
    assert "app-v1.tar.gz.sha256.sig" in result.stderr


def test_what_cannot_be_rehearsed_is_listed(rehearsed):
    lines = verdicts(rehearsed[0], "n/a")
    assert any(line.startswith(f"{CHECKS_OF_SYSTEMD} (not applicable: ") for line in lines)
    assert any("nginx on port 80" in line and "this rehearsal has no nginx" in line for line in lines)


def test_a_rehearsal_leaves_a_report_and_no_container(rehearsed, engine):
    _, reports = rehearsed
    assert sorted(path.suffix for path in reports.iterdir()) == [".html", ".xml"]
    assert all(path.name.startswith("rehearse-app-v1-debian-12-x86_64-py3.11.2-") for path in reports.iterdir())
    assert [container.name for container in engine.containers.list(all=True) if "rehearsal" in container.name] == []


@pytest.fixture(scope="module")
def secretive(bundle, tmp_path_factory):
    """The version of a bundle that does nothing without a secret, and a file that has it."""

    def wants_a_secret(files):
        files["before-switch.sh"] = b'[ "$SECRET" = "is out" ]\n'
        files["app.py"] = b"import os\n" + files["app.py"] + b"\nos.environ['SECRET']\n"
        files["test.py"] = b""

    alter(bundle, "secretive", wants_a_secret)
    path = tmp_path_factory.mktemp("settings") / "rehearsal.env"
    path.write_text("# only for trying\nSECRET=is out\n")
    return "secretive", path


def test_an_app_gets_its_settings_in_a_container(project, secretive):
    version, path = secretive
    result = rehearse(project, version, ENGINE="docker", ENV_FILE=path)
    assert (result.returncode, verdicts(result, "RED")) == (0, [])


def test_an_app_that_lacks_its_settings_is_told_where_they_go(project, secretive):
    result = rehearse(project, secretive[0], ENGINE="host")
    assert result.returncode == 1
    assert "/shared/app.env is empty: if the app needs settings or secrets, write them there" in result.stderr
    assert "ENV_FILE=FILE brings the settings of shared/app.env" in result.stderr


def test_a_good_bundle_passes_in_user_mode(project, secretive):
    version, path = secretive
    result = rehearse(project, version, ENGINE="docker", MODE="user", ENV_FILE=path)
    assert (result.returncode, verdicts(result, "RED")) == (0, [])
    assert "supervisor's files are those that were shipped" in verdicts(result, "ok")


def test_a_good_bundle_passes_in_namespaces_of_this_machine(project, secretive):
    version, path = secretive
    result = rehearse(project, version, ENGINE="host", ENV_FILE=path)
    assert (result.returncode, verdicts(result, "RED")) == (0, [])
    assert "namespaces without a network" in result.stdout
    assert subprocess.run(["pgrep", "-f", "offline-flask-rehearsal-.*gunicorn"], stdout=subprocess.DEVNULL).returncode


def test_a_bundle_without_a_python_passes_where_there_is_one(project):
    project.build("none", INTERPRETER="none")
    result = rehearse(project, "none", ENGINE="host")
    assert (result.returncode, verdicts(result, "RED")) == (0, [])
    result = rehearse(project, "none", ENGINE="docker")
    assert (result.returncode, "no Python 3.11 is here: apt-get install" in result.stderr) == (78, True)
    assert "IMAGE= names an image that has one" in result.stdout


@pytest.mark.full
def test_a_bundle_with_the_source_of_python_is_compiled_in_a_container(project):
    project.build("source", INTERPRETER="source")
    result = rehearse(project, "source", ENGINE="docker")
    assert (result.returncode, verdicts(result, "RED")) == (0, [])
    assert "==> Compiling Python 3.11.2" in result.stdout
    assert "every file of a Python that was compiled on this box is as it was then" in verdicts(result, "ok")


def missing_wheel(files):
    del files[next(path for path in files if path.startswith("wheels/click-"))]


def wheel_of_another_abi(files):
    path = next(path for path in files if path.startswith("wheels/markupsafe-"))
    files[path.replace("-cp311-cp311-", "-cp39-cp39-")] = files.pop(path)


def failing_test(files):
    files["test.py"] = b"raise SystemExit('2 of 3 orders were lost')\n"


FAULTS = {
    "missing wheel": (missing_wheel, 65, "No matching distribution found for click=="),
    "wheel of another ABI": (wheel_of_another_abi, 65, "is not for Python 3.11.2 with ABI cp311"),
    "failing test": (failing_test, 1, "2 of 3 orders were lost"),
}


@pytest.mark.parametrize("engine_name", ["docker", "host"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bundle_that_would_fail_on_the_box_fails_with_that_reason(project, bundle, fault, engine_name):
    change, code, reason = FAULTS[fault]
    version = f"{fault.replace(' ', '-')}-{engine_name}"
    alter(bundle, version, change)
    result = rehearse(project, version, ENGINE=engine_name)
    assert result.returncode == code
    assert reason in result.stderr
    assert f"error: on such a box setup.sh ends with {code}, " in result.stderr
    assert verdicts(result, "ok") == []


def test_a_glibc_that_the_box_does_not_have(project, bundle):
    result = rehearse(project, "1", IMAGE=require_base_image("debian:11"))
    assert result.returncode == 78
    assert "- glibc is 2.31, but " in result.stderr


def test_a_check_that_is_red_makes_the_rehearsal_red(project, bundle):
    """An app that opens another port to the network."""

    def listens(files):
        files["app.py"] += b"\nimport socket\nlistener = socket.socket()\n"
        files["app.py"] += b"listener.bind(('0.0.0.0', 0))\nlistener.listen()\n"

    alter(bundle, "listens", listens)
    result = rehearse(project, "listens")
    assert result.returncode == 1
    assert verdicts(result, "RED") == ["nothing of the release listens where other machines could reach it"]


@pytest.mark.parametrize(
    ("variables", "code", "reason"),
    [
        ({"ENGINE": "docker", "DOCKER_HOST": "unix:///nonexistent"}, 69, "no Docker engine answers"),
        ({"IMAGE": "offline-flask/no-such-image:1"}, 69, "there is no image offline-flask/no-such-image:1"),
        ({"ENGINE": "host", "MODE": "root"}, 64, "in a container only"),
        ({"ENGINE": "both"}, 64, "ENGINE is auto, docker or host"),
        ({"MODE": "both"}, 64, "MODE is root or user"),
        ({"ENV_FILE": "/nonexistent"}, 64, "ENV_FILE: '/nonexistent' cannot be read"),
    ],
)
def test_what_cannot_be_rehearsed_at_all_is_refused(project, bundle, variables, code, reason):
    result = rehearse(project, "1", **variables)
    assert result.returncode == code
    assert reason in result.stderr
