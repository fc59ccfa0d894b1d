"""verify.sh: what it refuses, which bundle it takes, how it calls ssh and pytest. Both are stubs here."""

import os
import re
import shutil

import pytest

from verifying import TARGET, Project, script


@pytest.fixture
def project(tmp_path):
    """A project with bundle 1, an ssh that connects, and a pytest that is content; both are logged."""
    project = Project(tmp_path / "project")
    project.add()
    note = f"echo ${{word%/*}} >>'{tmp_path}/paths'"
    project.stub("ssh", f"for word; do case $word in ControlPath=*) {note} ;; esac; done")
    project.tools(tmp_path / "tools")
    python = f'''echo "pytest ${{PYTEST_ADDOPTS-}} $*" >>"{project.log}"
for word; do case $word in --ssh-config=*) cp "${{word#*=}}" '{tmp_path}/ssh_config';; esac; done
exit "${{PYTEST_STATUS:-0}}"'''
    script(tmp_path / "tools/bin/python", python)
    return project


NO_HOSTS = [
    "",
    "-oProxyCommand=ls",
    "a b",
    "user@",
    "@box",
    "box;ls",
    "$(ls)",
    "box\nls",
    "box:22",
    "a@-b",
    "../b",
]


@pytest.mark.parametrize("host", NO_HOSTS)
def test_a_host_that_is_none_is_refused(project, host):
    result = project.verify(host)
    assert (result.returncode, project.logged()) == (64, [])
    assert "HOST" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("box", "1", "more")])
def test_a_wrong_number_of_arguments_shows_the_usage(project, arguments):
    result = project.verify(*arguments)
    assert (result.returncode, project.logged()) == (64, [])
    assert "Usage: verify.sh HOST[,HOST…] [VERSION]" in result.stderr


@pytest.mark.parametrize("version", ["-1", "../1", "1 2", "a" * 65, "*"])
def test_a_version_that_is_none_is_refused(project, version):
    result = project.verify("box", version)
    assert (result.returncode, project.logged()) == (64, [])
    assert "VERSION" in result.stderr


@pytest.mark.parametrize("version", ["2", ""])
def test_without_a_bundle_the_box_is_all_there_is(project, version):
    """The suite itself then turns red."""
    if not version:
        shutil.rmtree(project.root / "dist")
    result = project.verify("local", *[version] * bool(version))
    assert "UNANCHORED" in result.stderr
    assert f" --app=app --app-version={version} " in project.logged()[0]


@pytest.mark.parametrize("where", ["dist", "elsewhere"])
def test_a_sidecar_alone_is_an_anchor(project, tmp_path, where):
    (tarball,) = project.root.glob("dist/*/*.tar.gz")
    tarball.unlink()
    sidecar = tarball.with_name(tarball.name + ".sha256")
    if where == "elsewhere":
        sidecar = sidecar.rename(tmp_path / sidecar.name)
    environment = {"SIDECAR": os.path.relpath(sidecar)} if where == "elsewhere" else {}
    result = project.verify("local", **environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert f" --app=app --sidecar={sidecar} " in project.logged()[0]


@pytest.mark.parametrize(
    ("sidecar", "code"),
    [
        ("app-v1.tar.gz", 64),
        ("other-v1.tar.gz.sha256", 64),
        ("app-v2.tar.gz.sha256", 64),
        ("no/app-v1.tar.gz.sha256", 65),
    ],
)
def test_a_sidecar_that_is_none_is_refused(project, sidecar, code):
    result = project.verify("local", "1", SIDECAR=sidecar)
    assert (result.returncode, project.logged()) == (code, [])
    assert "error: " in result.stderr


def test_several_boxes_are_checked_over_a_connection_each(project, tmp_path):
    (tmp_path / "inventory").write_text("# ours\n\nroot@a  # first\n app@b\nroot@a\n")
    for arguments, environment in ((("root@a,app@b,root@a",), {}), (("",), {"INVENTORY": str(tmp_path / "inventory")})):
        before = len(project.logged())
        assert project.verify(*arguments, **environment).returncode == 0
        calls = project.logged()[before:]
        assert sorted(call.split()[-1] for call in calls[:2]) == ["app@b", "root@a"]
        assert "--hosts=ssh://root@a,ssh://app@b " in calls[2]
        assert re.search(r" -n [12] --dist loadscope ", calls[2])
        assert [call.split()[-1] for call in calls[3:]] == ["root@a", "app@b"]


def test_one_box_does_not_wait_for_workers(project):
    assert project.verify("root@a").returncode == 0
    (call,) = (line for line in project.logged() if line.startswith("pytest"))
    assert " -p no:xdist " in call and " -n " not in call


@pytest.mark.parametrize("text", ["", "# none\n", "a b\n", "ok\n-o\n"])
def test_an_inventory_that_names_no_boxes_is_refused(project, tmp_path, text):
    (tmp_path / "inventory").write_text(text)
    for inventory in (tmp_path / "inventory", tmp_path / "missing"):
        result = project.verify("", INVENTORY=str(inventory))
        assert (result.returncode, project.logged()) == (64, [])


def test_the_report_goes_where_it_is_wanted(project, tmp_path):
    assert project.verify("local", REPORT=str(tmp_path / "a/b")).returncode == 0
    assert f" --report={tmp_path}/a/b/verify-app-v1-local-" in project.logged()[0]
    (tmp_path / "file").touch()
    result = project.verify("local", REPORT=str(tmp_path / "file"))
    assert (result.returncode, len(project.logged())) == (73, 1)


def test_a_target_that_has_no_bundle_is_refused(project):
    result = project.verify("box", TARGET="no-such-target")
    assert (result.returncode, project.logged(), result.stdout) == (69, [], "")
    assert result.stderr.count("error:") == 1
    assert "make tarball" in result.stderr


def test_of_several_targets_one_must_be_chosen(project):
    project.add(target="debian-13-x86_64-py3")
    result = project.verify("box", "1")
    assert (result.returncode, project.logged()) == (64, [])
    assert "TARGET=" in result.stderr and TARGET in result.stderr and "debian-13-x86_64-py3" in result.stderr
    assert project.verify("local", "1", TARGET="debian-13-x86_64-py3").returncode == 0
    assert "/dist/debian-13-x86_64-py3/app-v1.tar.gz --report=" in project.logged()[-1]


def test_without_a_version_the_bundle_built_last_is_taken(project):
    for version, time in (("1-v2", 2000), ("3", 1000), ("1", 500)):
        os.utime(project.add(version), (time, time))
    result = project.verify("local")
    assert result.returncode == 0, result.stderr
    assert "==> Verifying app-v1-v2 on local" in result.stdout


def test_a_box_that_cannot_be_reached(project):
    project.stub("ssh", "echo 'ssh: connect to host box port 22: No route to host' >&2; exit 255")
    result = project.verify("root@box")
    assert result.returncode == 69
    assert "cannot reach root@box: ssh: connect to host box port 22: No route to host" in result.stderr
    assert not [line for line in project.logged() if line.startswith("pytest")]


def test_a_box_that_ssh_does_not_know_says_what_to_do(project):
    project.stub("ssh", r"printf 'Host key verification failed.\r\n' >&2; exit 255")
    result = project.verify("root@box")
    assert "cannot reach root@box: Host key verification failed; log in once with ssh, and" in result.stderr


def test_ssh_is_called_through_one_connection_that_is_closed_at_the_end(project, tmp_path):
    result = project.verify("deploy@box")
    assert result.returncode == 0, result.stderr
    opened, checks, closed = project.logged()
    assert opened.startswith("ssh ") and opened.endswith("-N -f deploy@box")
    assert "--hosts=ssh://deploy@box " in checks
    assert closed.endswith("-O exit deploy@box")
    (directory,) = set((tmp_path / "paths").read_text().split())
    # The control path takes 40 characters more, a new one 17 more still; 104 is the limit on some systems.
    assert len(directory) + 1 + 40 + 17 < 104
    assert not os.path.exists(directory)


def test_the_checks_use_that_connection_and_never_ask(project, tmp_path):
    project.verify("box")
    config = (tmp_path / "ssh_config").read_text()
    assert re.search(r"^  ControlPath /tmp/\S+/%C$", config, re.MULTILINE)
    assert "  BatchMode yes\n" in config
    assert "  Include ~/.ssh/config\n  Include /etc/ssh/ssh_config\n" in config
    assert "  StrictHostKeyChecking yes\n" in config


def test_an_ssh_configuration_of_one_s_own_replaces_the_user_s(project, tmp_path):
    own = tmp_path / "with a space"
    own.touch()
    project.verify("box", SSH_CONFIG=os.path.relpath(own))
    assert f'  Include "{own}"\n' in (tmp_path / "ssh_config").read_text()
    assert "~/.ssh" not in (tmp_path / "ssh_config").read_text()
    assert project.logged()[0].count(f"-F {os.path.relpath(own)}") == 1


def test_this_machine_is_checked_without_ssh(project):
    assert project.verify("local").returncode == 0
    (checks,) = project.logged()
    assert checks.endswith("--hosts=local://")


def test_the_caller_s_pytest_settings_have_no_say(project):
    project.verify("local", PYTEST_ADDOPTS="--collect-only", PYTEST_PLUGINS="no_such_plugin")
    assert "--collect-only" not in project.logged()[0]


CODES = [(0, 0), (1, 1), (65, 65), (69, 69), (2, 70), (3, 70), (4, 70), (5, 70), (137, 70)]


@pytest.mark.parametrize(("status", "code"), CODES)
def test_exit_codes(project, status, code):
    assert project.verify("local", PYTEST_STATUS=str(status)).returncode == code
