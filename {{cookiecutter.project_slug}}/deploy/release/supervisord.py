"""One supervisord: its package, its configuration, its process, and asking it over its private unix socket.

Its configuration is written when it is started and never while it runs, so that a new release can change nothing
under the one in service: what differs takes effect when supervisord is started the next time, at boot.
"""

import glob
import os
import shutil
import signal
import time
import zipfile

import files
import gate
import ports
import process
from output import INTERNAL, REFUSED, Failure

try:
    from xmlrpc import client as xmlrpc
except ImportError:  # Python 2
    import xmlrpclib as xmlrpc

STOP_SECONDS = 60


class Supervisord(object):
    """The supervisord of one BASE."""

    def __init__(self, layout):
        self._layout = layout
        self._directory = os.path.join(layout.state, "supervisor")
        self._service = os.path.join(self._directory, "service.conf")
        self._control = os.path.join(self._directory, "control.sock")

    def is_running(self):
        try:
            return bool(self.call("getState"))
        except EnvironmentError:
            return False

    def call(self, method, *arguments):
        """What supervisord answers (supervisor's XML-RPC API); EnvironmentError if it does not run.

        Failure (1) if it did not do what was asked.
        """
        server = xmlrpc.ServerProxy("http://localhost/RPC2", transport=_Transport(self._control))
        try:
            return getattr(server.supervisor, method)(*arguments)
        except xmlrpc.Error as reason:
            message = "supervisord did not %s %s: %s\n%s"
            raise Failure(REFUSED, message % (method, " ".join(map(str, arguments)), reason, self._last_words()))

    def start(self, release):
        """Start it, without the public port, by the release's interpreter; its failure is a Failure (70)."""
        _unpack_packages(release, self._layout.base)
        if not os.path.isdir(self._directory):
            os.mkdir(self._directory, 0o700)
        self._write(release, "supervisord.conf")
        files.remove(self._service)
        run = os.path.join(release.box_files, "supervisor", "run.py")
        command = [release.interpreter, "-E", "-s", "-B", run, "supervisord"]
        status, output = process.run(command, directory=self._layout.state)
        if status or not self._answers():
            raise Failure(INTERNAL, "supervisord does not start:\n%s\n%s" % (process.tail(output), self._last_words()))

    def add_service(self, release):
        """Have it take the public port; a no-op if it has it already."""
        if any(row["group"] == self._layout.name for row in self.processes_known()):
            return
        self._write(release, "service.conf")
        self.call("reloadConfig")
        self.call("addProcessGroup", self._layout.name)

    def shut_down(self):
        """End it and all that it runs."""
        if not self.is_running():
            return
        pid = self.call("getPID")
        self.call("shutdown")
        end = time.time() + STOP_SECONDS
        while process.is_alive(pid) and time.time() < end:
            time.sleep(0.05)

    def processes_known(self):
        """What supervisord says of each of its processes, as dicts; nothing if it does not run."""
        try:
            return self.call("getAllProcessInfo")
        except EnvironmentError:
            return []

    def processes(self):
        """The process ids of what a supervisord of this BASE started, the present one or one that was killed."""
        mark = "SUPERVISOR_SERVER_URL=unix://" + self._control
        uid = process.Account(self._layout.username).uid
        return [pid for pid in process.all_pids() if mark in process.environment(pid) and process.owner(pid) == uid]

    def stop_orphans(self, port):
        """End what a supervisord that was killed left behind, and return when the port is free.

        What still works on a request then finishes it.
        """
        end = time.time() + STOP_SECONDS
        process.send(self.processes(), signal.SIGTERM)
        while ports.listener_pids(port) and time.time() < end:
            time.sleep(0.01)
        if time.time() > end:
            process.send(self.processes(), signal.SIGKILL)

    def _answers(self):
        end = time.time() + 10
        while not self.is_running():
            if time.time() > end:
                return False
            time.sleep(0.01)
        return True

    def _write(self, release, name):
        owner = "root" if self._layout.mode == "root" else self._layout.username
        values = {"name": self._layout.name, "state": self._layout.state, "username": self._layout.username}
        values["port"] = str(self._layout.public[1])
        template = os.path.join(release.box_files, "supervisor", name)
        files.write(os.path.join(self._directory, name), files.fill(template, owner=owner, **values), 0o600)

    def _last_words(self):
        return process.tail(files.read_or_none(os.path.join(self._directory, "supervisord.log")) or "")


class _Transport(xmlrpc.Transport):
    """XML-RPC over a unix socket."""

    def __init__(self, path):
        xmlrpc.Transport.__init__(self)
        self._path = path

    def make_connection(self, _host):
        return gate.UnixConnection(self._path)


def _unpack_packages(release, base):
    """Each wheel of deploy/wheels to BASE/NAME-VERSION; releases share it, and it outlives them."""
    for wheel in glob.glob(os.path.join(release.path, "deploy", "wheels", "*.whl")):
        place = os.path.join(base, "-".join(os.path.basename(wheel).split("-")[:2]))
        if not os.path.isdir(place):
            shutil.rmtree(place + ".new", ignore_errors=True)
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place + ".new")
            files.sync(base)
            os.rename(place + ".new", place)
