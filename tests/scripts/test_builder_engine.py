"""The engines, with stubs for docker, dpkg and unshare: what they run, and what they say when they cannot."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import building

choice = building.part("builder.choice")
docker_engine = building.part("builder.docker_engine")
engine = building.part("builder.engine")
host_engine = building.part("builder.host_engine")
output = building.part("builder.output")
process = building.part("builder.process")
systems = building.part("builder.systems")
targets = building.part("builder.targets")

TARGET = building.TARGET
IMAGE = "offline-flask/debian-12:"


@pytest.fixture
def stubs(tmp_path, monkeypatch):
    """Programs on PATH before the system's: stubs(name, body) writes one that notes its arguments in the log."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    (tmp_path / "bin").mkdir()
    log = tmp_path / "log"
    log.touch()

    def stub(name, body):
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{log}"\n{body}\n')
        path.chmod(0o755)

    stub.log = lambda: log.read_text().splitlines()
    return stub


def docker():
    return docker_engine.DockerEngine(TARGET, systems.of_target(TARGET))


# Answers as the daemon does while neither image is there; `docker pull` and `docker build` make them.
DAEMON = """\
state="${0%/*}/state"
case "$1 $2" in
  "image inspect") for last; do :; done
    grep -qxF "$last" "$state" && echo "[\\"sha256:1\\"] amd64 | sha256:2 | [\\"debian@sha256:3\\"]" || exit 1 ;;
  "info --format") echo '["name=seccomp,profile=default"]' ;;
  pull*)
    [ -z "$OFFLINE" ] || { echo "no route to http://user:secret@registry.example"; exit 1; }
    echo "$2" >>"$state" ;;
  build*) while [ "$1" != --tag ]; do shift; done; echo "$2" >>"$state" ;;
  run*)
    for word; do [ "$previous" != --env-file ] || cat "$word" >"${0%/*}/variables"; previous="$word"; done
    echo noise; echo "@@ progress"; exit "${STATUS:-0}" ;;
esac"""


def test_the_image_is_pulled_and_built_once(stubs):
    stubs("docker", DAEMON)
    stubs("apt-config", "echo \"proxy='http://apt.example:3142'\"")
    first = docker()
    first.prepare()
    first.have_image()
    image = IMAGE + first.identity()
    inspect = "docker image inspect --format"
    layers = "{{json .RootFS.Layers}} {{.Architecture}} | {{.Id}} | {{json .RepoDigests}}"
    expected = [
        f"{inspect} {layers} debian:12",
        "docker pull debian:12",
        f"{inspect} {layers} debian:12",
        f"{inspect} {{{{.Id}}}} {image}",
        "apt-config shell proxy Acquire::http::Proxy",
        f"docker build --pull=false --tag {image} --ulimit nofile=1024:4096 --build-arg BASE_IMAGE=debian:12"
        f" --build-arg PACKAGES=debian.txt --build-arg VAULT= --build-arg REPOSITORY="
        f" --build-arg http_proxy {building.TEMPLATE / 'wheels'}",
    ]
    assert stubs.log() == expected
    told = {"IMAGE": "debian:12", "IMAGE_ID": "sha256:2", "IMAGE_DIGEST": "debian@sha256:3"}
    assert first.provenance() == {**told, "SYSTEM": first.identity()}
    second = docker()
    second.prepare()
    assert second.identity() == first.identity()
    assert stubs.log()[len(expected) :] == [expected[0]]
    second.have_image()
    assert stubs.log()[len(expected) + 1 :] == [expected[3]]


def test_a_base_image_that_cannot_be_had_is_refused_with_advice_and_no_password(stubs, monkeypatch):
    stubs("docker", DAEMON)
    monkeypatch.setenv("OFFLINE", "yes")
    with pytest.raises(output.Failure) as failure:
        docker().prepare()
    assert failure.value.code == 69
    assert "the base image debian:12 is not here and cannot be pulled" in str(failure.value)
    assert "or build with ENGINE=host" in str(failure.value)
    assert "http://…@registry.example" in str(failure.value)
    assert "secret" not in str(failure.value)


def test_a_script_runs_as_the_caller_without_network_and_passwords_stay_out_of_ps(stubs, tmp_path, capsys):
    stubs("docker", DAEMON)
    stubs("apt-config", "")
    machine = docker()
    machine.prepare()
    job = engine.Job("build-wheels.sh", "building", 70)
    secret = {"PIP_INDEX_URL": "https://user:secret@index.example/simple"}
    engine.run(machine, job, secret, [engine.Mount("LOCK", tmp_path / 'a,"b'), engine.Mount("OUTPUT", tmp_path, True)])
    (line,) = [line for line in stubs.log() if line.startswith("docker run")]
    handed_in = (tmp_path / "bin/variables").read_text().splitlines()
    assert "PIP_INDEX_URL=https://user:secret@index.example/simple" in handed_in
    assert "LOCK=/mnt/offline-flask/lock" in handed_in
    assert "secret" not in line
    assert "--network none" in line
    assert f"--user {os.getuid()}:{os.getgid()}" in line
    assert f'--mount "type=bind","src={tmp_path}/a,""b","dst=/mnt/offline-flask/lock","readonly"' in line
    assert f'--mount "type=bind","src={tmp_path}","dst=/mnt/offline-flask/output" ' in line
    assert line.endswith(f" {IMAGE}{machine.identity()} bash /mnt/offline-flask/scripts/build-wheels.sh")
    assert capsys.readouterr().out.splitlines()[-1] == "    progress"


def test_a_script_that_fails_shows_system_log_and_its_end(stubs, monkeypatch):
    stubs("docker", DAEMON)
    stubs("apt-config", "")
    machine = docker()
    machine.prepare()
    monkeypatch.setenv("STATUS", "3")
    with pytest.raises(output.Failure) as failure:
        engine.run(machine, engine.Job("build-wheels.sh", "building wheels", 70), {}, [])
    first, *tail = str(failure.value).splitlines()
    assert failure.value.code == 70
    assert first.startswith("building wheels failed with status 3, on debian 12 in a container of debian:12; ")
    assert tail == ["    noise", "    @@ progress"]
    log = Path(first.split("the whole log is ")[1].split(";")[0])
    assert log.read_text() == "noise\n@@ progress\n"


@pytest.mark.parametrize("options, expected", [('["name=rootless"]', []), ("[]", ["--user"])])
def test_in_a_rootless_engine_root_is_the_caller(stubs, options, expected):
    stubs("docker", f"echo '{options}'")
    assert docker_engine.caller()[:1] == expected


def host():
    return host_engine.HostEngine(TARGET, systems.of_target(TARGET))


INSTALLED = r"""shift 2; for name; do echo "installed $name 1.0"; done"""
ALL_BUT_GCC = (
    r"""shift 2; for name; do [ "$name" = gcc ] || echo "installed $name 1.0"; done; echo "config-files gcc 1.0" """
)


def test_the_host_s_identity_is_its_packages(stubs):
    stubs("dpkg-query", INSTALLED)
    first = host()
    first.prepare()
    stubs("dpkg-query", INSTALLED.replace("1.0", "1.1"))
    second = host()
    second.prepare()
    assert first.identity() != second.identity()


def test_missing_packages_are_named_with_the_command_to_install_them(stubs, monkeypatch):
    stubs("dpkg-query", ALL_BUT_GCC)
    stubs("apt-get", "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(output.Failure) as failure:
        host().prepare()
    assert failure.value.code == 69
    assert str(failure.value).endswith("run: sudo apt-get install --no-install-recommends gcc")
    assert [line for line in stubs.log() if line.startswith("apt-get")] == []


def test_a_machine_that_cannot_take_the_network_away_says_so(stubs, capsys):
    stubs("dpkg-query", INSTALLED)
    stubs("unshare", "exit 1")
    host().prepare()
    assert (
        capsys.readouterr().err == "warning: unshare does not work here: compiling without a network is not enforced\n"
    )


def test_the_network_is_taken_away_from_scripts_that_need_none(stubs, tmp_path):
    stubs("dpkg-query", INSTALLED)
    stubs("unshare", 'shift; while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"')
    machine = host()
    machine.prepare()
    script = tmp_path / "script.sh"
    script.write_text('echo "$GIVEN $HOME" >"$OUTPUT/seen"\n')
    mounts = [engine.Mount("OUTPUT", tmp_path, True)]
    before = len(stubs.log())
    environment = {**engine.ENVIRONMENT, "GIVEN": "value"}
    assert machine.execute(script, environment, mounts, True, tmp_path / "log1") == 0
    assert stubs.log()[before:] == []
    assert machine.execute(script, environment, mounts, False, tmp_path / "log2") == 0
    assert stubs.log()[before:] == [f"unshare --net bash {script}"]
    given, home = (tmp_path / "seen").read_text().split()
    assert given == "value"
    assert not Path(home).exists()


def test_a_cache_that_cpython_s_makefile_would_stumble_over_is_refused(stubs, monkeypatch, tmp_path):
    stubs("dpkg-query", INSTALLED)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
    with pytest.raises(output.Failure, match="set XDG_CACHE_HOME to a plain path") as failure:
        host().prepare()
    assert failure.value.code == 78


def test_only_the_end_of_a_long_log_is_shown(tmp_path):
    log = tmp_path / "log"
    log.write_text("".join(f"{number}\n" for number in range(100)))
    message = str(process.failure(70, "it failed", "here", log))
    assert message.splitlines()[1:] == [f"    {number}" for number in range(90, 100)]


def test_an_interrupted_build_ends_what_it_started(tmp_path):
    """A real process, interrupted: nothing that it started may run on."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from builder.process import run_logged\n"
        "run_logged(['sh', '-c', 'sleep 321 & echo $! >' + sys.argv[2] + '; wait'], None, Path(sys.argv[2] + '.log'))\n"
    )
    arguments = [sys.executable, "-B", "-c", program, str(building.TEMPLATE / "deploy"), str(tmp_path / "pid")]
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as builder:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
            time.sleep(0.02)
        builder.send_signal(signal.SIGINT)
        builder.wait(20)
    child = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not is_running(child):
            break
        time.sleep(0.05)
    assert not is_running(child)


def test_an_interrupt_while_a_step_is_being_started_ends_it_too(monkeypatch, tmp_path):
    started = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(process.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        process.run_logged(["sleep", "321"], None, tmp_path / "log")
    assert started[0].returncode == -signal.SIGTERM


def is_running(pid):
    """Whether a process runs; one that has ended but was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_host_engine_builds_the_rows_of_this_machine_and_names_the_others(monkeypatch, capsys):
    monkeypatch.setattr(systems, "this_machine", lambda: ("debian", "12", "x86_64"))
    rows = [TARGET, TARGET._replace(python="3.13.5"), TARGET._replace(version="13"), TARGET._replace(arch="aarch64")]
    monkeypatch.setenv("ENGINE", "host")
    assert choice.plan(rows) == dict.fromkeys(rows[:2], "host")
    assert capsys.readouterr().err.splitlines() == [
        "warning: debian-13-x86_64-py3.11.2 is not built: the host engine builds for this machine only",
        "warning: debian-12-aarch64-py3.11.2 is not built: the host engine builds for this machine only",
    ]


def test_a_row_may_name_its_engine_and_the_environment_wins(monkeypatch, stubs, capsys):
    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.setattr(systems, "this_machine", lambda: ("debian", "12", "x86_64"))
    stubs("docker", "echo 20.10")
    rows = [TARGET._replace(engine="host"), TARGET._replace(python="3.13.5")]
    assert list(choice.plan(rows).values()) == ["host", "docker"]
    assert "engine host: targets.json says so" in capsys.readouterr().out
    monkeypatch.setenv("ENGINE", "docker")
    assert list(choice.plan(rows).values()) == ["docker", "docker"]


def test_a_container_is_of_this_machine_s_arch(monkeypatch, stubs, capsys):
    monkeypatch.setenv("ENGINE", "docker")
    stubs("docker", "echo 20.10")
    other = TARGET._replace(arch="aarch64")
    assert list(choice.plan([TARGET, other])) == [TARGET]
    assert "debian-12-aarch64-py3.11.2 is not built: aarch64 needs a build host of that arch" in capsys.readouterr().err
    with pytest.raises(output.Failure, match="aarch64 needs a build host of that arch, and this is") as failure:
        choice.plan([other])
    assert failure.value.code == 69
