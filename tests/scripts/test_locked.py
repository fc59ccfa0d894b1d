"""Nothing enters a bundle but what a pin names by its hash: the pins, the calls of pip, and an index that lies."""

import hashlib
import json
import re
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import building

WHEELS = building.TEMPLATE / "wheels"
# Whatever is installed on a box, into the interpreter, or into what makes and checks bundles.
LISTS = [
    *building.TEMPLATE.glob("project/locks/*.txt"),
    *WHEELS.glob("tool-pins/*.txt"),
    *(WHEELS / name for name in ("supervisor.txt", "repair-tools.txt", "sbom-tools.txt", "audit-tools.txt")),
    building.TEMPLATE / "deploy/builder/requirements.txt",
]
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z0-9,-]+\])?==[^ ]+( ; [^-]+?)?( --hash=sha256:[0-9a-f]{64})+")
PIP = re.compile(r"(?:-m pip|/pip\"?) (?:install|download|wheel) .*")


def logical_lines(text):
    joined = text.replace("\\\n", " ")
    return [re.sub(r"\s+", " ", line).strip() for line in joined.splitlines()]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: str(path.relative_to(building.TEMPLATE)))
def test_every_requirement_is_pinned_by_hash(path):
    lines = [line for line in logical_lines(path.read_text()) if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_every_source_is_pinned_by_hash():
    sources = json.loads((WHEELS / "sources.json").read_text())
    assert {"cpython", "openssl", "sqlite", "libffi", "xz"} <= set(sources)
    for source in sources.values():
        for files in source["sha256"].values():
            assert files and all(re.fullmatch("[0-9a-f]{64}", digest) for digest in files.values())


def calls_of_pip():
    for directory in (WHEELS, building.TEMPLATE / "deploy"):
        for script in directory.rglob("*.sh"):
            for line in logical_lines(script.read_text()):
                if not line.startswith("#") and (call := PIP.search(line)):
                    yield script.name, call[0]


def test_what_makes_a_bundle_takes_nothing_without_its_hash():
    """What has no network takes what was fetched so. The others make locks, or environments of this machine."""
    free = {script for script, call in calls_of_pip() if not re.search("--require-hashes|--no-index", call)}
    assert free == {"make-lock.sh", "lock-build-requirements.sh", "tools.sh"}
    strict = {script for script, _ in calls_of_pip()} - free
    assert {"fetch-wheels.sh", "fetch-tools.sh", "fetch-build-requirements.sh", "build-wheel.sh"} <= strict


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Not into the tests' output."""


@pytest.fixture
def index(tmp_path):
    """A package index that has a wheel of a package "plain"; its address, and the wheel."""
    wheel = tmp_path / "index/plain/plain-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("plain-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: plain\nVersion: 1.0\n")
        archive.writestr("plain-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("plain-1.0.dist-info/RECORD", "")
    (wheel.parent / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "index")) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", wheel
        server.shutdown()


FETCHERS = {"fetch-wheels.sh": "LOCK", "fetch-build-requirements.sh": "PINS"}


def fetch(script, tmp_path, address, pins):
    """Run it as the builder does, with this Python as the target's."""
    python, output = tmp_path / "full/bin/python3.0", tmp_path / "output"
    for directory in (python.parent, output, tmp_path / "pins"):
        directory.mkdir(parents=True, exist_ok=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "pins/one.txt").write_text(pins)
    given = tmp_path / "pins" if FETCHERS[script] == "PINS" else tmp_path / "pins/one.txt"
    variables = {
        "PATH": "/usr/bin:/bin",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": address,
        "HOME": str(tmp_path),
    }
    variables |= {"FULL": str(tmp_path / "full"), "SERIES": "3.0", "OUTPUT": str(output), FETCHERS[script]: str(given)}
    result = subprocess.run(["bash", WHEELS / script], env=variables, capture_output=True, text=True)
    return result, [path.name for path in output.rglob("*.whl")]


@pytest.mark.parametrize("script", FETCHERS)
def test_an_index_that_gives_something_else_is_not_believed(tmp_path, index, script):
    address, wheel = index
    pins = f"plain==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
    result, found = fetch(script, tmp_path, address, pins)
    assert (result.returncode, found) == (0, [wheel.name]), result.stderr
    (tmp_path / "output").rename(tmp_path / "before")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("plain.pth", "import os\n")
    result, found = fetch(script, tmp_path, address, pins)
    assert (result.returncode != 0, found) == (True, [])
    assert "DO NOT MATCH THE HASHES" in result.stderr


@pytest.mark.parametrize("script", FETCHERS)
def test_a_pin_without_a_hash_is_refused(tmp_path, index, script):
    result, found = fetch(script, tmp_path, index[0], "plain==1.0\n")
    assert (result.returncode != 0, found) == (True, [])
    assert "require-hashes mode" in result.stderr
