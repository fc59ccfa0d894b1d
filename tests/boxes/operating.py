"""Installations that the tests of a file share, in both modes, and a client that asks them all the while."""

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

from lab.box import boot_box

LOGIN = {"root": "root", "user": "app"}
BASE = {"root": "/opt/app", "user": "/home/app"}
PORT = {"root": 80, "user": 1337}
# Shows and logs what it is told, cannot be imported with BROKEN=1, and answers 500 with UNWELL=its version.
APP = """
import os, sys, time
from flask import Flask, request

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "BUNDLE")) as lines:
    VERSION = dict(line.rstrip("\\n").split("=", 1) for line in lines)["VERSION"]
if os.environ.get("BROKEN"):
    raise RuntimeError("a setting broke the app")
app = Flask(__name__)


@app.route("/")
@app.route("/version")
def version():
    if os.environ.get("UNWELL") == VERSION:
        return "unwell", 500
    return VERSION


@app.route("/setting/<name>")
def setting(name):
    return os.environ.get(name, "none")


@app.route("/scheme")
def scheme():
    return request.headers.get("X-Forwarded-Proto", "none")


@app.route("/write/<path:text>")
def write(text):
    sys.stderr.write("app says %s %s end\\n" % (text, 400 * "x"))
    sys.stderr.flush()
    return "written"
"""


@dataclass(frozen=True)
class Installation:
    """One box in one mode, and the project that it is served from."""

    project: object
    box: object
    mode: str = "root"

    @property
    def base(self):
        return BASE[self.mode]

    @property
    def user(self):
        """Whoever installed, and logs in."""
        return LOGIN[self.mode]

    @property
    def home(self):
        """The home directory of whoever installed, as this machine sees it."""
        return self.box.root / {"root": "root", "user": "home/app"}[self.mode]

    @property
    def host(self):
        return f"{self.user}@{self.box.address}"

    def deploy(self, version, **variables):
        """deploy/ship.sh, as make deploy calls it; its exit code is not make's."""
        return self.run("deploy/ship.sh", self.host, version, USERNAME="app", **variables)

    def must_deploy(self, version, **variables):
        result = self.deploy(version, **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        return result

    def activate(self, *arguments):
        """activate.sh of the release in service."""
        command = f"sh {self.base}/current/deploy/activate.sh {' '.join(arguments)}"
        return self.ssh(command, check=False, timeout=120)

    def verb(self, verb, *arguments, **variables):
        """deploy/remote.sh VERB HOST."""
        return self.run("deploy/remote.sh", verb, self.host, *arguments, **variables)

    def run(self, script, *arguments, **variables):
        return self.project.run(script, *arguments, SSH_CONFIG=self.box.ssh_config, **variables)

    def ssh(self, command, **options):
        """Run a shell line as whoever installed."""
        return self.box.ssh(command, user=self.user, **options)

    def page(self, path="/version", port=None):
        url = f"http://127.0.0.1:{port or PORT[self.mode]}{path}"
        return self.box.ssh(f"curl --silent --show-error --max-time 10 {url}", check=False).stdout

    def write_settings(self, text):
        self.box.ssh(f"cat >{self.base}/shared/app.env", user="app", input=text)


def build(project, *versions, app=APP, test=""):
    """Build versions with this app and this test.py; returns the project."""
    with project.changed("project/app.py", app), project.changed("project/test.py", test):
        for version in versions:
            project.build(version)
    return project


@contextmanager
def installed(project, mode, *versions, kind=Installation, **variables):
    """A box with these versions deployed one after the other; the last one is in service."""
    with boot_box("debian-12") as box:
        installation = kind(project, box, mode)
        for version in versions:
            installation.must_deploy(version, **variables)
        yield installation


@dataclass
class Visitor:
    """Asks for one page over and over until it is told to stop; counts the answers."""

    address: str
    path: str = "/version"
    port: int = 80
    answers: Counter = field(default_factory=Counter)

    def __enter__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._visit)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _visit(self):
        while not self._stop.is_set():
            self.answers[self._ask()] += 1

    def _ask(self):
        connection = HTTPConnection(self.address, self.port, timeout=30)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().read().decode()
        except OSError as reason:
            return repr(reason)
        finally:
            connection.close()
