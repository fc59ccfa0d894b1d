"""Bundles of several systems and Pythons: each serves where it fits, and is refused where it does not."""

import hashlib
import json
from dataclasses import dataclass

import pytest

from lab.box import boot_box
from lab.command import run
from lab.engine import require_base_image
from lab.load import Load
from lab.project import generate
from operating import BASE, LOGIN, PORT
from supervised import network


@dataclass(frozen=True)
class Bundles:
    """A project, and what is built of it so far."""

    project: object

    def target(self, debian, python):
        return f"debian-{debian}-x86_64-py{python}"

    def build(self, version, debian, python, **keys):
        require_base_image(f"debian:{debian}")
        row = {"os": "debian", "version": debian, "bit": "64", "python": [python], **keys}
        (self.project.root / "deploy/targets.json").write_text(json.dumps([row]))
        if not (self.project.root / f"dist/{self.target(debian, python)}/app-v{version}.tar.gz").exists():
            self.run("deploy/build_tarball.sh", version)

    def run(self, script, *arguments, **variables):
        result = self.project.run(script, *arguments, ENGINE="docker", **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        return result

    def ship(self, box, mode, version, **variables):
        host = f"{LOGIN[mode]}@{box.address}"
        return self.project.run("deploy/ship.sh", host, version, USERNAME="app", SSH_CONFIG=box.ssh_config, **variables)

    def deploy(self, box, mode, version, **variables):
        result = self.ship(box, mode, version, **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def verify(self, box, mode, version, debian, python):
        where = {"SSH_CONFIG": box.ssh_config, "TARGET": self.target(debian, python)}
        result = self.project.run("deploy/verify.sh", f"{LOGIN[mode]}@{box.address}", version, **where)
        assert (result.returncode, " 0 red" in result.stdout) == (0, True), result.stdout + result.stderr


# Shows one setting, and keeps another as it got it.
BEFORE_SWITCH = """printf '%s' "$LATIN1" >"$HOME/latin1"; printf 'GREETING is %s\\n' "$GREETING"\n"""
APP_ENV = b"GREETING=gr\xc3\xbc\xc3\x9fe\nLATIN1=gr\xfc\xdfe\n"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    project = generate(tmp_path_factory.mktemp("project"))
    (project.root / "project/before-switch.sh").write_text(BEFORE_SWITCH)
    return Bundles(project)


def python_of(box, mode):
    """The version of the Python that the service runs on, as its own environment tells it."""
    script = "import platform; print(platform.python_version())"
    return box.ssh(f'{BASE[mode]}/current/venv/bin/python -c "{script}"', user="app").stdout.strip()


@pytest.mark.parametrize("mode", ["root", "user"])
def test_from_2_7_to_3_11_and_back_no_request_is_lost(bundles, box, mode):
    """2.7.18, built on Debian 11, serves on Debian 12, and hands over to that one's own 3.11.2 and takes over again."""
    bundles.build("old", "11", "2.7.18")
    bundles.build("new", "12", "3.11.2")
    bundles.deploy(box, mode, "old")
    assert python_of(box, mode) == "2.7.18"
    bundles.verify(box, mode, "old", "11", "2.7.18")
    with Load("127.0.0.1", "/version", {"old", "new"}, PORT[mode], threads=4, namespace=network(box)) as running:
        bundles.deploy(box, mode, "new")
        assert python_of(box, mode) == "3.11.2"
        assert box.ssh(f"sh {BASE[mode]}/current/deploy/activate.sh --back", user=LOGIN[mode]).returncode == 0
    assert python_of(box, mode) == "2.7.18"
    assert not running.figures.failures, running.figures
    assert set(running.figures.answers) == {"old", "new"}


@pytest.mark.parametrize("mode", ["root", "user"])
def test_the_article_s_commands_work_on_2_7_and_text_of_any_encoding_passes(bundles, box, mode, tmp_path):
    bundles.build("old", "11", "2.7.18")
    (tmp_path / "app.env").write_bytes(APP_ENV)
    box.copy_to(tmp_path / "app.env", "/tmp/app.env")
    base = BASE[mode]
    box.ssh(f"mkdir -p {base} && install -d -o app {base}/shared && install -m 600 -o app /tmp/app.env {base}/shared")
    box.ssh(r"printf '# gr\374n\n' | crontab -", user="app")
    assert "    GREETING is grüße\n" in bundles.deploy(box, mode, "old")
    assert box.ssh(f"od -An -c {base}/run/latin1").stdout.split() == ["g", "r", "374", "337", "e"]
    assert box.ssh("crontab -l | sed -n 1p | od -An -c", user="app").stdout.split()[-4:] == ["r", "374", "n", r"\n"]
    result = box.ssh("cd app-vold && . venv/bin/activate && python test.py", user="app")
    assert result.stderr.strip().endswith("OK")


def test_a_bundle_of_a_newer_system_is_refused_with_the_file_that_sets_the_floor(bundles):
    bundles.build("new", "13", "3.13.5")
    with boot_box("debian-11") as box:
        result = bundles.ship(box, "root", "new", TARGET=bundles.target("13", "3.13.5"))
        assert result.returncode == 78
        assert "glibc is 2.31, but python-3.13.5-" in result.stderr
        assert "build for this system" in result.stderr
        assert box.ssh("ls /opt").stdout == ""


def ready_made(bundles, directory):
    """A Python of the build's own, in the layout of python-build-standalone's install_only archives, with a mark."""
    bundles.build("new", "12", "3.11.2")
    tarball = bundles.project.root / "dist" / bundles.target("12", "3.11.2") / "app-vnew.tar.gz"
    run("tar", "-xzf", tarball, "-C", directory)
    (python,) = directory.glob("python-*")
    python.rename(directory / "python")
    (directory / "python/lib/python3.11/site-packages/ready_made.py").write_text("")
    run("tar", "-czf", directory / "ready-made.tar.gz", "-C", directory, "python")
    digest = hashlib.sha256((directory / "ready-made.tar.gz").read_bytes()).hexdigest()
    return f"{directory / 'ready-made.tar.gz'}#sha256={digest}"


def test_a_ready_made_interpreter_serves(bundles, box, tmp_path):
    bundles.build("adopted", "12", "3.11.2", interpreter="archive", archive=ready_made(bundles, tmp_path))
    bundles.deploy(box, "root", "adopted")
    assert (box.get("/version"), python_of(box, "root")) == ("adopted", "3.11.2")
    box.ssh("ls /opt/app/python-3.11.2-*/lib/python3.11/site-packages/ready_made.py")
    bundles.verify(box, "root", "adopted", "12", "3.11.2")


@pytest.mark.full
@pytest.mark.parametrize(
    ("debian", "python", "boxes"),
    [
        *(("11", "2.7.18", "11"), ("11", "3.9.2", "11 12 13")),
        *(("12", "2.7.18", "12"), ("12", "3.11.2", "12")),
        *(("13", "2.7.18", "13"), ("13", "3.13.5", "13"), ("13", "3.14.7", "13")),
    ],
)
def test_every_pair_serves(bundles, debian, python, boxes):
    """On its own system, and what is built on Debian 11 on newer ones too."""
    bundles.build("table", debian, python)
    for release in boxes.split():
        with boot_box(f"debian-{release}") as box:
            bundles.deploy(box, "root", "table", TARGET=bundles.target(debian, python))
            assert (box.get("/version"), python_of(box, "root")) == ("table", python)
            bundles.verify(box, "root", "table", debian, python)


@pytest.mark.full
def test_lxml_and_psycopg2_from_source_need_nothing_of_the_box(tmp_path, box):
    """Neither libxml2 nor libpq is there."""
    require_base_image("debian:12")
    bundles = Bundles(generate(tmp_path))
    app = bundles.project.root / "project"
    sources = "--no-binary lxml,psycopg2"
    (app / "requirements.txt").write_text(f"Flask\ngunicorn\nlxml==6.0.2\npsycopg2==2.9.9\n{sources}\n")
    (app / "build-packages.txt").write_text("libpq-dev\nlibxml2-dev\nlibxslt1-dev\n")
    (app / "locks/py3.11.txt").unlink()
    (app / "test.py").write_text("import psycopg2\nfrom lxml import etree\nprint(etree.fromstring('<a/>').tag)\n")
    assert box.ssh("find / -xdev -name 'libxml2*' -o -xdev -name 'libpq*'").stdout == ""
    bundles.build("1", "12", "3.11.2")
    bundles.deploy(box, "root", "1")
    assert box.ssh("cd app-v1 && venv/bin/python test.py", user="app").stdout == "a\n"
