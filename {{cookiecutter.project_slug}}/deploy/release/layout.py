"""Where things lie on the box; every path is made here."""

import os
import re

import settings
from output import BAD_BUNDLE, CONFIGURATION, Failure

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def read_text(path):
    """The text of a small file, without white space around it."""
    with open(path) as file:
        return file.read().strip()


class Release(object):
    """One installed version: BASE/NAME-vVERSION and what its BUNDLE says."""

    def __init__(self, base, name, version):
        if not VERSION.match(version):
            raise Failure(CONFIGURATION, "%r is not a version" % version)
        self.version = version
        self.directory_name = "%s-v%s" % (name, version)
        self.path = os.path.join(base, self.directory_name)
        self.venv = os.path.join(self.path, "venv")
        self.python = os.path.join(self.venv, "bin", "python")
        self.box_files = os.path.join(self.path, "deploy", "box")
        self.serve = os.path.join(self.box_files, "serve.sh")
        self._base = base

    @property
    def bundle(self):
        """What BUNDLE says; Failure if it cannot be read."""
        return read_bundle(os.path.join(self.path, "BUNDLE"))

    @property
    def interpreter_directory(self):
        return os.path.join(self._base, self.bundle["PYTHON_DIR"])

    @property
    def interpreter(self):
        short_version = ".".join(self.bundle["PYTHON"].split(".")[:2])
        return os.path.join(self.interpreter_directory, "bin", "python" + short_version)

    @property
    def serves(self):
        """False for a bundle that people run, such as the kit's."""
        return self.bundle.get("SERVICE") != "none"

    @property
    def health_path(self):
        return self.bundle["HEALTH_PATH"]


def read_bundle(path):
    """The KEY=value lines of a BUNDLE as a dict; nothing in it is evaluated."""
    try:
        lines = read_text(path).splitlines()
    except IOError as reason:
        raise Failure(BAD_BUNDLE, "cannot read %s: %s; install this release again" % (path, reason))
    return dict(line.split("=", 1) for line in lines if "=" in line)


class Layout(object):
    """BASE and what outlives releases in it."""

    def __init__(self, base, name):
        self.base = base
        self.name = name
        self.state = os.path.join(base, "state")
        self.shared = os.path.join(base, "shared")
        self.logs = os.path.join(base, "logs")
        self.run = os.path.join(base, "run")
        self.current_link = os.path.join(base, "current")
        self.settings = settings.Settings(os.path.join(self.state, "settings"))
        self.mode = read_text(os.path.join(self.state, "mode"))
        self.username = read_text(os.path.join(self.state, "username"))

    @property
    def public(self):
        """Address and port where nginx finds the application: this machine's own, and no other."""
        return "127.0.0.1", int(self.settings.get("PORT"))

    def release(self, version):
        """The installed release of that version; Failure if its BUNDLE cannot be read."""
        return Release(self.base, self.name, version)

    def current(self):
        """The release in service according to the `current` link, or None."""
        prefix = self.name + "-v"
        try:
            target = os.readlink(self.current_link)
        except OSError:
            return None
        if not target.startswith(prefix) or not os.path.isdir(os.path.join(self.base, target)):
            return None
        return self.release(target[len(prefix) :])

    def still_serving(self):
        """What people want to know after a refusal."""
        current = self.current()
        return "%s is still in service" % current.directory_name if current else "nothing is in service"
