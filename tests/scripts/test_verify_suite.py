"""The checks of verify on this machine, with a release in a home directory: what is red, and how."""

import hashlib
import io
import os
import platform
import pwd
import re
import shutil
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest

from lab.command import run
from verifying import INTERPRETER, PROJECT, PYTHON_DIR, SITE_PACKAGES, WHEELS, Project, pack

pytestmark = pytest.mark.slow

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]
CHECKS = 41
CONTENT = "every file has the content that was shipped"
MISSING = "no file is missing"
ADDED = "no file was added"
MODES = "every file has its type, mode and link target"
ANCHORED = "the expected values do not come from the box"
WHEEL_FILES = "every file of every wheel is installed as its RECORD lists it"
NO_OTHER_FILES = "no file was added to the wheels' files"
READ_ONLY = "no file of a wheel can be written"
FILES = {WHEEL_FILES, NO_OTHER_FILES, READ_ONLY, CONTENT, MISSING, ADDED, MODES}


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path / "project")
    project.add()
    return project


@pytest.fixture
def home(tmp_path, project):
    """A home with the files of release 1, and no process of it: user mode."""
    home = tmp_path / "home"
    home.mkdir()
    run("tar", "-xzpf", next(project.root.glob("dist/*/*.tar.gz")), "-C", home)
    (home / "state/complete").mkdir(parents=True)
    (home / "state/mode").write_text("user\n")
    (home / "state/username").write_text(pwd.getpwuid(os.geteuid()).pw_name + "\n")
    (home / "state/complete/1").touch()
    (home / "state/logrotate.conf").touch(0o644)
    (home / "current").symlink_to("app-v1")
    (home / "app-v1/venv/bin").mkdir(parents=True)
    (home / "app-v1/venv/bin/python").symlink_to(home / INTERPRETER)
    (home / "app-v1/instance").symlink_to(home / "shared/data")
    install_wheels(home / "app-v1/venv")
    return home


def install_wheels(venv):
    """As pip leaves them."""
    for name, data in WHEELS.items():
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(venv / SITE_PACKAGES)
        shutil.rmtree(venv / SITE_PACKAGES / f"{'-'.join(name.split('-')[:2])}.data", ignore_errors=True)
    (venv / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    python = f"#!{venv}/bin/python\n"
    (venv / "bin/zope").write_text(f"{python}print()\n")
    (venv / "bin/flask").write_text(f"""{python}# -*- coding: utf-8 -*-
import re
import sys
from flask.cli import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
""")
    for file in venv.rglob("*"):
        if not file.is_symlink():
            file.chmod(0o755 if file.is_dir() else 0o444)


def verdicts(result, verdict):
    lines = [line[9:] for line in result.stdout.splitlines() if line.startswith(f"    {verdict:<4} ")]
    return {line.split(" (not applicable")[0] for line in lines}


def test_a_machine_without_the_app_is_red_and_nothing_else_is_claimed(project, tmp_path):
    (tmp_path / "empty").mkdir()
    result = project.verify("local", HOME=str(tmp_path / "empty"))
    assert result.returncode == 1, result.stderr
    assert verdicts(result, "RED") == {"the release is installed completely"}
    assert verdicts(result, "ok") == {"the expected values do not come from the box"}
    assert len(verdicts(result, "n/a")) == CHECKS - 2
    assert "to do:    deploy it" in result.stdout
    assert f"==> 1 ok, 1 red, {CHECKS - 2} not applicable" in result.stdout.splitlines()


def test_intact_files_are_ok(project, home):
    result = project.verify("local", HOME=str(home))
    assert verdicts(result, "ok") >= FILES | {
        "the release is installed completely",
        "the release in service is the bundle's version",
        "the release's Python is the bundle's own, in its version",
    }
    assert verdicts(result, "RED") == {
        "gunicorn runs, from this release and with the bundle's Python",
        "the port is open on 127.0.0.1 and on no other address",
        "gunicorn answers the health path with 200",
        "the release starts at boot (crontab)",
        "a supervisord that was killed is back within a minute (crontab)",
        "the rotation of the logs is configured as shipped",
        "the logs are rotated every day (crontab)",
        "shared/app.env is the app's account's alone",
        "shared, logs and run belong to the app's account, and the app's data is in shared",
    }


MUTATIONS = {
    "edited": (CONTENT, "chmod u+w app-v1/app.py; echo x >>app-v1/app.py; chmod 444 app-v1/app.py"),
    "interpreter edited": (CONTENT, f"cd {PYTHON_DIR}/lib; chmod u+w os.py; echo x >>os.py; chmod 444 os.py"),
    "list of files edited": (
        CONTENT,
        "cd app-v1; chmod u+w SHA256SUMS; echo >>SHA256SUMS; chmod 444 SHA256SUMS",
    ),
    "missing": (MISSING, "rm -f app-v1/app.py"),
    "added": (ADDED, "touch app-v1/extra.py"),
    "added with a strange name": (
        ADDED,
        """touch "app-v1/a  b -> c" "$(printf 'app-v1/caf\\303\\251 \\377')" """,
    ),
    "mode": (MODES, "chmod 644 app-v1/app.py"),
    "set-user-id": (MODES, "chmod 4444 app-v1/app.py"),
    "a file became a link": (MODES, "mv app-v1/app.py state/; ln -s ../state/app.py app-v1/app.py"),
    "installed file edited": (
        WHEEL_FILES,
        f"cd app-v1/venv/{SITE_PACKAGES}/flask; chmod u+w cli.py; echo >>cli.py; chmod 444 cli.py",
    ),
    "installed file missing": (WHEEL_FILES, f"rm -f app-v1/venv/{SITE_PACKAGES}/zope/interface.py"),
    "script made by pip edited": (WHEEL_FILES, "cd app-v1/venv/bin; chmod u+w flask; echo >>flask; chmod 444 flask"),
    "script of a wheel edited": (WHEEL_FILES, "cd app-v1/venv/bin; chmod u+w zope; echo >>zope; chmod 444 zope"),
    "module added": (NO_OTHER_FILES, f"cd app-v1/venv/{SITE_PACKAGES}; touch site.pth; chmod 444 site.pth"),
    "byte code of nothing": (NO_OTHER_FILES, f"cd app-v1/venv/{SITE_PACKAGES}; touch a.pyc; chmod 444 a.pyc"),
    "program added": (NO_OTHER_FILES, "cd app-v1/venv/bin; touch extra; chmod 555 extra"),
    "installed file writable": (READ_ONLY, f"chmod 644 app-v1/venv/{SITE_PACKAGES}/flask/cli.py"),
    "a link leads elsewhere": (MODES, f"ln -sfn /bin/true {PYTHON_DIR}/bin/python"),
}


# Shown by another row in every run, or on a box.
FULL = {
    *("interpreter edited", "list of files edited", "set-user-id", "a link leads elsewhere", "installed file missing"),
    *("script of a wheel edited", "byte code of nothing", "program added"),
}


@pytest.mark.parametrize(
    "mutation", [pytest.param(name, marks=[pytest.mark.full] * (name in FULL)) for name in MUTATIONS]
)
def test_each_change_to_a_file_turns_its_own_check_red(project, home, mutation):
    check, commands = MUTATIONS[mutation]
    subprocess.run(["sh", "-c", commands], cwd=home, check=True)
    result = project.verify("local", HOME=str(home))
    assert result.returncode == 1
    assert verdicts(result, "RED") & FILES == {check}
    assert verdicts(result, "ok") >= FILES - {check}


def test_a_process_of_another_release_is_named_although_it_holds_no_port(project, home):
    program = shutil.copy("/bin/sleep", home / PYTHON_DIR / "bin/sleep")
    (home / "app-v0").mkdir()
    with subprocess.Popen([program, "60"], cwd=home / "app-v0") as process:
        result = project.verify("local", HOME=str(home))
        process.kill()
    assert "no process of another release is left" in verdicts(result, "RED")
    assert f"found:    process {process.pid} in {home}/app-v0" in result.stdout


def test_a_name_can_neither_imitate_a_fact_nor_speak_to_the_terminal(project, home):
    (home / "state/complete/1").unlink()
    (home / "app-v1/x\ncomplete yes").touch()
    (home / "current").unlink()
    (home / "current").symlink_to("app-v0\ncomplete yes\033[2J")
    result = project.verify("local", HOME=str(home))
    assert "the release is installed completely" in verdicts(result, "RED")
    assert ADDED in verdicts(result, "RED")
    assert "\033" not in result.stdout and "app-v0 complete yes\\x1b[2J" in result.stdout


def anchors(project, kept):
    """Leave of dist/ only that."""
    for path in project.root.glob("dist/*/*v1*"):
        if not path.name.endswith(kept):
            path.unlink()


def test_with_the_sidecar_alone_the_box_s_own_lists_are_anchored(project, home):
    whole = pack.file_sha256(next(project.root.glob("dist/*/*.tar.gz")))
    anchors(project, ".sha256")
    result = project.verify("local", HOME=str(home))
    assert verdicts(result, "ok") >= FILES | {ANCHORED}
    assert f"(app-v1.tar.gz: sha256 {whole}), without a signature" in result.stdout
    (home / "app-v1/app.py").chmod(0o644)
    assert MODES in verdicts(project.verify("local", HOME=str(home)), "RED")


def test_with_the_sidecar_of_a_release_that_is_not_there(project, home):
    anchors(project, ".sha256")
    (home / "app-v1").rename(home / "app-v0")
    result = project.verify("local", HOME=str(home))
    assert verdicts(result, "RED") == {"the release is installed completely"}
    assert "found:    no app-v1/SHA256SUMS\n" in result.stdout


@pytest.mark.parametrize(
    "path",
    ["SHA256SUMS", "wheels/installed.txt"]
    + [pytest.param(path, marks=pytest.mark.full) for path in ("MANIFEST", "deploy/box/nginx.conf")],
)
def test_lists_that_the_sidecar_does_not_anchor_are_not_believed(project, home, path):
    anchors(project, ".sha256")
    subprocess.run(["sh", "-c", 'chmod u+w "$1" && echo >>"$1"', "sh", home / "app-v1" / path], check=True)
    result = project.verify("local", HOME=str(home))
    assert result.returncode == 1
    assert verdicts(result, "RED") == {"the release is installed completely"}
    assert verdicts(result, "ok") == set()
    assert path in result.stdout


def test_with_neither_the_run_is_unanchored_and_no_success(project, home):
    anchors(project, "nothing")
    result = project.verify("local", HOME=str(home))
    assert result.returncode == 1
    assert ANCHORED in verdicts(result, "RED")
    assert verdicts(result, "ok") >= FILES
    assert "UNANCHORED" in result.stdout and "UNANCHORED" in result.stderr


def test_a_machine_with_neither_anchor_nor_app(project, tmp_path):
    anchors(project, "nothing")
    (tmp_path / "empty").mkdir()
    result = project.verify("local", HOME=str(tmp_path / "empty"))
    assert result.returncode == 1
    assert verdicts(result, "RED") == {"the release is installed completely"}
    assert "no release of app in service" in result.stdout


def test_the_report_has_every_check_and_can_be_read_by_programs(project, home, tmp_path):
    (home / "app-v1/<b>x").touch()
    project.verify("local", HOME=str(home), REPORT=str(tmp_path / "reports"))
    page = next(tmp_path.glob("reports/*.html")).read_text()
    (tarball,) = project.root.glob("dist/*/*.tar.gz")
    assert page.count("<tr class=") == CHECKS
    assert hashlib.sha256(tarball.read_bytes()).hexdigest() in page
    assert platform.node() in page and "UTC" in page
    assert "app-v1/&lt;b&gt;x" in page and "<b>" not in page
    assert "http" not in page.split("</style>")[0] and "<script" not in page
    cases = ElementTree.parse(next(tmp_path.glob("reports/*.xml"))).getroot().findall(".//testcase")
    assert len(cases) == CHECKS
    checks = {
        case.find(".//property[@name='check']").get("value") for case in cases if case.find("failure") is not None
    }
    assert ADDED in checks
    assert [case.get("name") for case in cases if case.find(".//property[@name='anchor']") is not None] == [
        "test_anchored[local]"
    ]


def test_a_bundle_that_does_not_fit_its_sidecar(project, home):
    with next(project.root.glob("dist/*/*.tar.gz")).open("ab") as tarball:
        tarball.write(b"x")
    result = project.verify("local", HOME=str(home))
    assert result.returncode == 65
    assert result.stderr.startswith("error: ") and "is not what its .sha256 says" in result.stderr
    assert "ok" not in result.stdout


RUNS_HERE = 'for word; do last=$word; done; case " $* " in *" -O "* | *" -N "*) ;; *) exec sh -c "$last" ;; esac'


def test_a_box_is_asked_twice_over_one_connection(project, home):
    """ssh is a stub that runs everything here: the facts, the answers, and nothing for each check or each file."""
    project.stub("ssh", RUNS_HERE)
    result = project.verify("deploy@box", HOME=str(home))
    assert verdicts(result, "ok") >= FILES
    calls = [line for line in project.logged() if line.startswith("ssh ")]
    assert len(calls) == 4, "open, facts, answers, close"
    assert calls[0].endswith("-N -f deploy@box") and calls[-1].endswith("-O exit deploy@box")


def test_several_boxes_are_shared_among_workers_and_have_one_report(project, home, tmp_path):
    project.stub("ssh", RUNS_HERE)
    result = project.verify("deploy@a,deploy@b,deploy@c", HOME=str(home), REPORT=str(tmp_path / "reports"))
    assert result.returncode == 1, result.stderr
    counted = [line.split(": ")[1] for line in result.stdout.splitlines() if ": deploy@" in line]
    assert counted == ["deploy@a", "deploy@b", "deploy@c"]
    (page,), (cases,) = (list(tmp_path.glob(f"reports/*.{ending}")) for ending in ("html", "xml"))
    assert re.findall("<h2>(.*)</h2>", page.read_text()) == counted
    assert page.read_text().count("user mode, supervisor") == 3
    cases = ElementTree.parse(cases).getroot().findall(".//testcase")
    assert len(cases) == 3 * CHECKS and not [case for case in cases if "share" in case.get("name")]
    assert len([line for line in project.logged() if line.startswith("ssh ")]) == 3 * 4


def test_a_worker_that_breaks_down_is_no_success(project, home):
    project.stub("ssh", RUNS_HERE)
    (project.root / "tests/test_boot.py").write_text('''
import os
def test_boot(host):
    """the worker of one box ends here"""
    if host.backend.get_hostname() == "b":
        os._exit(3)
''')
    result = project.verify("deploy@a,deploy@b", HOME=str(home))
    assert result.returncode == 1
    assert "error: the checks broke down:" in result.stderr and "crashed" in result.stderr


@pytest.mark.parametrize("lost", ["box_facts", "health_path"])
def test_a_connection_that_breaks_is_not_a_verdict(project, home, lost):
    cut = f'case "$*" in *{lost}*) echo "client_loop: send disconnect: Broken pipe" >&2; exit 255 ;; esac; '
    project.stub("ssh", cut + RUNS_HERE)
    result = project.verify("deploy@box", HOME=str(home))
    assert result.returncode == 69
    assert result.stderr == "error: box: the connection was lost: client_loop: send disconnect: Broken pipe\n"


def test_facts_that_break_off_are_not_taken_for_facts(project, home):
    project.stub("ssh", RUNS_HERE.replace('exec sh -c "$last"', 'sh -c "$last" | head -n 20'))
    result = project.verify("deploy@box", HOME=str(home))
    assert result.returncode == 69
    assert "cannot look at the box" in result.stderr
    assert "==>" not in result.stdout.split("\n", 1)[1]


def test_a_home_that_is_reached_through_a_link(project, home, tmp_path):
    (tmp_path / "link").symlink_to(home)
    result = project.verify("local", HOME=str(tmp_path / "link"))
    assert "the release's Python is the bundle's own, in its version" in verdicts(result, "ok")


def test_a_run_that_checks_nothing_is_no_success(project, home):
    (project.root / "tests/pytest.ini").write_text("[pytest]\naddopts = -k no_such_check -p no:cacheprovider\n")
    result = project.verify("local", HOME=str(home))
    assert result.returncode == 1
    assert "error: nothing was checked" in result.stderr


def test_a_check_that_cannot_be_loaded_is_no_success(project, home):
    (project.root / "tests/test_boot.py").write_text("import no_such_module\n")
    result = project.verify("local", HOME=str(home))
    assert result.returncode == 70
    assert "no_such_module" in result.stderr


def test_every_file_of_checks_is_run():
    listed = (PROJECT / "tests/pytest.ini").read_text().split("testpaths =")[1].split("markers")[0].split()
    assert sorted(listed) == sorted(path.name for path in (PROJECT / "tests").glob("test_*.py"))


def test_nothing_but_the_report_is_written_into_the_project(project, home):
    def contents():
        return {str(path.relative_to(project.root)) for path in project.root.rglob("*")}

    before = contents()
    project.verify("local", HOME=str(home))
    written = sorted(contents() - before)
    assert written.pop(0) == "dist/reports"
    assert [re.sub(r"\d{8}T\d{6}Z", "TIME", path) for path in written] == [
        "dist/reports/verify-app-v1-local-TIME.html",
        "dist/reports/verify-app-v1-local-TIME.xml",
    ]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_the_facts_are_the_same_in_every_shell(home, shell):
    script = (PROJECT / "tests/box_facts.sh").read_text()
    arguments = ["box", str(home), "app", "1", PYTHON_DIR, "1337"]
    found = subprocess.run([*shell, "-c", script, *arguments], capture_output=True, text=True, check=True).stdout
    lines = found.splitlines()
    assert (lines[0], lines[-1]) == ("begin", "end")
    assert f"member 8124 {os.geteuid()} app-v1/app.py" in lines
    assert f"link {PYTHON_DIR}/bin/python\t{os.path.basename(INTERPRETER)}" in lines
    assert f"python_link {home}/{INTERPRETER}" in lines
    assert not [line for line in lines if line.startswith("member") and "/instance" in line]
    assert f"member 8124 {os.geteuid()} app-v1/venv/{SITE_PACKAGES}/flask/cli.py" in lines
    assert f"place 81a4 {os.geteuid()} {home}/state/logrotate.conf" in lines
