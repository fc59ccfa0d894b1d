"""make verify on booted boxes: green on a good box; each check red if its thing is broken, and only then."""

from dataclasses import dataclass

import pytest

from lab.box import boot_box
from mutations import (
    ANCHORED,
    BOOT,
    CURRENT,
    DIRECTORY,
    HOLDER,
    INSTALLED,
    LEFT_OVER,
    MUTATIONS,
    MUTATIONS_IN_USER_MODE,
    ROOT_MODE,
    RUNS,
    USER_MODE,
)


@dataclass(frozen=True)
class Installation:
    """Release 1 on a box."""

    project: object
    box: object

    def verify(self, login, version="1", **variables):
        """Verify that version as `login`; returns the exit code, what was ok and what was red."""
        host = f"{login}@{self.box.address}"
        result = self.project.run("deploy/verify.sh", host, version, SSH_CONFIG=self.box.ssh_config, **variables)
        print(result.stdout, result.stderr)
        return result.returncode, names(result.stdout, "ok"), names(result.stdout, "RED")


def names(report, verdict):
    return {line[9:] for line in report.splitlines() if line.startswith(f"    {verdict:<4} ")}


def deploy(project, box, version, login, **variables):
    host = f"{login}@{box.address}"
    result = project.make("deploy", HOST=host, VERSION=version, SSH_CONFIG=box.ssh_config, **variables)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def bundles(project):
    """Two releases, the second built last, whose health path is not the page that people see."""
    settings = (project.root / "config.env").read_text().replace("HEALTH_PATH='/'", "HEALTH_PATH='/version'")
    with project.changed("config.env", settings):
        for version in ("1", "2"):
            project.build(version)
    return project


@pytest.fixture(scope="module")
def root_mode(bundles, debian_box):
    deploy(bundles, debian_box, "1", "root", USERNAME="app")
    return Installation(bundles, debian_box)


@pytest.fixture(scope="module")
def user_mode(bundles):
    with boot_box("debian-12") as box:
        deploy(bundles, box, "1", "app")
        yield Installation(bundles, box)


def everything(mutations):
    return set().union(*(mutation.red for mutation in mutations.values())) | {ANCHORED}


def table(mutations):
    """Its names, those that only `make test-all` goes through marked."""
    return [pytest.param(name, marks=[pytest.mark.full] * row.full) for name, row in mutations.items()]


@pytest.mark.parametrize(("login", "hidden"), [("root", set()), ("deploy", set()), ("app", {HOLDER})])
def test_a_good_box_is_green(root_mode, login, hidden):
    """The table below breaks everything that is checked here."""
    assert root_mode.verify(login) == (0, everything(MUTATIONS) - hidden, set())


def test_a_good_box_in_user_mode_is_green(user_mode):
    code, ok, red = user_mode.verify("app")
    assert (code, red) == (0, set())
    assert ok == everything(MUTATIONS) - ROOT_MODE | USER_MODE


@pytest.mark.parametrize("name", table(MUTATIONS))
def test_what_is_broken_turns_its_own_check_red(root_mode, name):
    check_mutation(root_mode, MUTATIONS[name])


@pytest.mark.parametrize("name", table(MUTATIONS_IN_USER_MODE))
def test_what_is_broken_in_user_mode_turns_its_own_check_red(user_mode, name):
    check_mutation(user_mode, MUTATIONS_IN_USER_MODE[name])


def check_mutation(installation, mutation):
    installation.box.ssh(mutation.breaks)
    try:
        code, _, red = installation.verify(mutation.login)
    finally:
        installation.box.ssh(mutation.mends)
    assert (code, red) == (1, mutation.red)


def test_the_box_is_as_good_as_before(root_mode):
    """Every repair above was one, so no check was red for an earlier reason."""
    assert root_mode.verify("root") == (0, everything(MUTATIONS), set())


def test_nothing_on_the_box_is_changed(root_mode):
    def files():
        left_out = r"\( -path '*/log*' -o -path /proc -o -path /run -o -path /sys \) -prune"
        return root_mode.box.ssh(rf"find / -xdev {left_out} -o -type f -printf '%p %T@ %s %m\n' | sort").stdout

    before = files()
    root_mode.verify("deploy")
    assert files() == before


def test_the_verb_takes_the_bundle_built_last(bundles, root_mode):
    result = bundles.make("verify", HOST=f"root@{root_mode.box.address}", SSH_CONFIG=root_mode.box.ssh_config)
    assert result.returncode != 0
    assert names(result.stdout, "RED") == {INSTALLED}
    assert "in service is: app-v1" in result.stdout


def test_the_former_release_is_told_from_the_one_in_service(bundles, box):
    for version in ("1", "2"):
        deploy(bundles, box, version, "root", USERNAME="app")
    installation = Installation(bundles, box)
    assert installation.verify("root", "2")[0] == 0
    assert installation.verify("root", "1")[2] == {CURRENT, RUNS, DIRECTORY, BOOT, LEFT_OVER}


def test_a_box_that_cannot_be_reached(bundles, box):
    result = bundles.run("deploy/verify.sh", "root@10.213.255.250", "1", SSH_CONFIG=box.ssh_config)
    assert result.returncode == 69
    assert "cannot reach root@10.213.255.250" in result.stderr


def test_a_box_whose_key_is_unknown_is_refused(bundles, box, tmp_path):
    config = tmp_path / "ssh_config"
    config.write_text(box.ssh_config.read_text().replace("UserKnownHostsFile", "#"))
    result = bundles.run("deploy/verify.sh", f"root@{box.address}", "1", SSH_CONFIG=config)
    assert result.returncode == 69
    assert "Host key verification failed" in result.stderr
