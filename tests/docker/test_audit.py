"""make audit: the real pip-audit, asked about a project's locks; a service of the test's own answers as OSV does."""

import http.server
import json
import os
import threading
from contextlib import contextmanager

import pytest

import building
from lab.command import run

SHOWN = {"id": "PYSEC-2019-1", "aliases": ["CVE-2019-1"], "summary": "a flaw", "modified": "2019-01-01T00:00:00Z"}
AFFECTED = {"package": {"name": "flask", "ecosystem": "PyPI"}, "versions": ["0.12.2"]}
RANGES = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.12.3"}]}]
KNOWN = {**SHOWN, "affected": [{**AFFECTED, "ranges": RANGES}]}
LOCK = "flask==0.12.2 \\\n    --hash=sha256:0749df235e3ff61ac108f69ac178c9770caeaccad2509cb762ce1f65570a8856\n"


class Service(http.server.BaseHTTPRequestHandler):
    """Knows of one vulnerability: that of flask 0.12.2."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        bad = (asked["package"]["name"], asked.get("version")) == ("flask", "0.12.2")
        answer = json.dumps({"vulns": [KNOWN]} if bad else {}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Not into the tests' output."""


@contextmanager
def service(status=200):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        server.status = status
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one lock; pip-audit is installed where all tests find it."""
    project = building.Project(tmp_path)
    project.environment.update(building.inherited("HOME", "XDG_CACHE_HOME", "PIP_INDEX_URL", "PIP_CERT", "http_proxy"))
    project.environment["no_proxy"] = "127.0.0.1"
    tools = [project.root / "deploy/tools.sh", project.root / "wheels/audit-tools.txt"]
    run("bash", *tools, env={**os.environ, **project.environment}, timeout=900)
    for pins in (project.root / "wheels").glob("*/py*.txt"):
        pins.unlink()
    return project


def audit(project, **environment):
    variables = {**os.environ, **project.environment, **environment}
    return run("bash", project.root / "deploy/audit.sh", check=False, env=variables, timeout=900)


def test_what_is_known_is_shown(project):
    project.write("project/locks/py3.11.txt", LOCK)
    with service() as url:
        result = audit(project, OSV_URL=url)
    assert result.returncode == 1, result.stderr
    assert "==> project/locks/py3.11.txt: 1 pins, 1 known vulnerabilities" in result.stdout
    assert "flask 0.12.2: PYSEC-2019-1 CVE-2019-1; mended in 0.12.3" in result.stdout
    assert "==> wheels/supervisor.txt" in result.stdout


def test_nothing_known_is_no_finding(project):
    project.write("project/locks/py3.11.txt", LOCK.replace("0.12.2", "0.12.3"))
    with service() as url:
        result = audit(project, OSV_URL=url)
    assert result.returncode == 0, result.stderr
    assert "project/locks/py3.11.txt: 1 pins, 0 known" in result.stdout


def test_the_lock_of_a_python_that_nothing_is_built_for_is_not_asked_about(project):
    """The template brings locks for all Pythons, and of the old ones much is known."""
    project.write("project/locks/py3.11.txt", LOCK.replace("0.12.2", "0.12.3"))
    for name in ("py2.7.txt", "build-py2.7.txt"):
        project.write(f"project/locks/{name}", LOCK)
    with service() as url:
        result = audit(project, OSV_URL=url)
    assert result.returncode == 0, result.stderr
    assert "not asked about: what is pinned for Python 2.7, which no row of deploy/targets.json has\n" in result.stdout


def test_broken_targets_are_refused(project):
    project.write("deploy/targets.json", "[]")
    result = audit(project)
    assert result.returncode == 78
    assert result.stderr.startswith("error: deploy/targets.json")


def test_a_service_that_does_not_answer_is_no_clean_bill(project):
    project.write("project/locks/py3.11.txt", LOCK)
    with service(status=503) as url:
        assert audit(project, OSV_URL=url).returncode == 69
    gone = audit(project, OSV_URL=url)
    assert gone.returncode == 69
    nothing = "osv does not answer from here, so nothing is known of project/locks/py3.11.txt"
    assert f"{nothing}: 127.0.0.1: Connection refused; " in gone.stderr
    assert "known vulnerabilities" not in gone.stdout


def test_wrong_use_is_refused(project):
    assert audit(project, SERVICE="oracle").returncode == 64
