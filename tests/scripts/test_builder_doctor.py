"""make doctor: each thing that is missing has its own line and what mends it, and nothing is changed."""

import hashlib

import pytest

import building

pytestmark = pytest.mark.slow

doctor = building.part("builder.doctor")

LOCK = "# sha256 of requirements.txt: {digest}\nFlask==3.0.3\ngunicorn==23.0.0\n"
DOCKER = 'case "$1 $2" in "version --format") echo 27.1 ;; "image inspect") exit 1 ;; esac'


@pytest.fixture
def project(tmp_path):
    project = building.Project(tmp_path)
    project.stub("docker", DOCKER)
    return project


def look(project, **environment):
    before = project.files()
    ran = project.run("bash", project.root / "deploy/doctor.sh", **environment)
    assert project.files() == before
    return ran


def write_lock(project):
    digest = hashlib.sha256(b"Flask\ngunicorn\n").hexdigest()
    project.write("project/locks/py3.11.txt", LOCK.format(digest=digest))


def test_a_healthy_build_host(project):
    write_lock(project)
    ran = look(project)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    for line in ("config.env", "deploy/targets.json: debian-12-x86_64-py3.11.2", "Docker 27.1"):
        assert f"ok       {line}\n" in ran.stdout
    assert "ok       project/locks/py3.11.txt\n" in ran.stdout and "missing" not in ran.stdout


def test_secrets_of_the_developer_s_machine_are_said_to_stay_there(project):
    write_lock(project)
    project.write("project/.env", "KEY=secret\n")
    ran = look(project)
    assert ran.returncode == 0 and "secret" not in ran.stdout
    assert "note     project/.env stays out of the bundle\n         → a box has its settings in shared" in ran.stdout


@pytest.mark.parametrize(
    ("body", "what", "mend"),
    [
        ("echo 'permission denied while trying to connect' >&2; exit 1", "not yours to use", "usermod -aG docker"),
        ("echo 'Cannot connect to the Docker daemon' >&2; exit 1", "no Docker engine answers", "start docker"),
    ],
)
def test_docker_that_does_not_answer(project, body, what, mend):
    project.write("deploy/targets.json", building.TARGETS.replace('"12"', '"11"'))
    project.stub("docker", body)
    ran = look(project)
    assert ran.returncode == 78
    finding = ran.stdout[ran.stdout.index(what) :].splitlines()
    assert mend in finding[1] and finding[1].startswith("         → ")
    assert "keep the project from being built" in ran.stderr


def test_a_stale_lock_and_wrong_settings_are_named(project):
    project.write("project/locks/py3.11.txt", "# of other requirements\n")
    ran = look(project)
    assert ran.returncode == 78
    assert "missing  project/requirements.txt has changed since project/locks/py3.11.txt was made" in ran.stdout
    assert "→ make lock" in ran.stdout
    project.write("config.env", building.SETTINGS.replace("'/'", "'x'"))
    assert "missing  config.env, line 3: HEALTH_PATH is 'x'" in look(project).stdout


def test_what_config_env_names_and_project_lacks_is_named(project):
    write_lock(project)
    settings = building.SETTINGS.replace("'app:app'", "'shop:create_app()'")
    project.write("config.env", f"{settings}STATIC_URL='/static/'\nSTATIC_DIR='shop/static'\n")
    ran = look(project)
    assert ran.returncode == 0
    assert "note     APP_MODULE: project/ has no module shop\n         → edit config.env" in ran.stdout
    assert "note     STATIC_DIR: there is no project/shop/static\n         → make it before" in ran.stdout
    project.write("project/shop/static/page.css", "")
    project.write("project/deploy/own.sh", "")
    project.write("project/shop/__init__.py", "def create_app(): ...")
    ran = look(project)
    assert "STATIC_DIR" not in ran.stdout and "APP_MODULE" not in ran.stdout
    assert "missing  project/deploy would collide with the bundle's own deploy\n         → rename it\n" in ran.stdout
    project.write("config.env", settings.replace("create_app()", "create_app"))
    assert "→ write shop:create_app() in config.env, line 2\n" in look(project).stdout


def test_two_files_that_say_what_the_app_needs(project):
    write_lock(project)
    project.write("project/Pipfile.lock", "{}")
    ran = look(project)
    assert ran.returncode == 78
    finding = ran.stdout[ran.stdout.index("missing  project/ has requirements.txt and Pipfile.lock") :].splitlines()
    assert finding[1] == "         → docs/app.md, What the app needs, tells the ways"


def test_what_the_environment_gives_is_a_note(project):
    write_lock(project)
    ran = look(project, HEALTH_PATH="/up")
    assert ran.returncode == 0
    note = "note     HEALTH_PATH=/up is from the environment, and wins over config.env\n"
    assert f"{note}         → unset HEALTH_PATH\n" in ran.stdout
    assert "ok       project/locks/py3.11.txt\n" in ran.stdout


def test_a_missing_lock_is_only_a_note(project):
    ran = look(project)
    assert ran.returncode == 0
    assert "note     there is no project/locks/py3.11.txt; make tarball makes it\n" in ran.stdout


def test_targets_that_are_wrong_are_named(project):
    project.write("deploy/targets.json", "[]")
    assert "→ edit deploy/targets.json" in look(project).stdout


def test_what_the_machine_lacks_is_what_the_builder_would_say(project, monkeypatch):
    finding = list(doctor.this_machine([]))
    assert finding == []
    monkeypatch.setattr(doctor.machine, "check", refuse)
    monkeypatch.setattr(doctor.docker_engine, "server_version", lambda: "27")
    target = building.part("builder.targets").Target("debian", "12", "x86_64", "3.11.2", "")
    assert [(found.what, found.mend) for found in doctor.this_machine([target])] == [("full disk", "make room")]


def refuse(_engine, _targets):
    raise building.part("builder.output").Failure(78, "this machine cannot build it:\n    full disk; make room")
