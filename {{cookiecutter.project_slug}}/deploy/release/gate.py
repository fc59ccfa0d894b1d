"""The health gate: a release serves only after it has answered well, several times, from its own directory."""

import socket
import time

import process
from output import REFUSED, Failure

try:
    from http.client import HTTPConnection, HTTPException
except ImportError:  # Python 2
    from httplib import HTTPConnection, HTTPException

NEEDED_ANSWERS = 5
INTERVAL_SECONDS = 0.02
TOLERATED_DEATHS = 2
DEADLINE_SECONDS = 60
# A new application that is up and gives one error for so long means it. While it warms up it says nothing, or 503.
PATIENCE_WITH_ERRORS_SECONDS = 10
SERVICE_UNAVAILABLE = 503
NOT_FOUND = 404
ANSWER_TIMEOUT_SECONDS = 10


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        HTTPConnection.__init__(self, "localhost", timeout=ANSWER_TIMEOUT_SECONDS)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def public(address):
    """A new connection to the public port, an (address, port)."""
    return HTTPConnection(*address, timeout=ANSWER_TIMEOUT_SECONDS)


def answer(connection, path):
    """What came back: an HTTP status, or the reason why there was none."""
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (EnvironmentError, HTTPException) as reason:
        return str(reason) or reason.__class__.__name__
    finally:
        connection.close()


def wait(release, connect, main_pid, patience=DEADLINE_SECONDS, meanwhile=lambda: None):
    """Return when HEALTH_PATH has been answered with 200 several times in a row, and no worker died meanwhile.

    connect    makes a new connection to this release alone
    main_pid   gives the process id of its gunicorn, or None when it has ended
    patience   seconds for which it may give one and the same error; 503 is none
    meanwhile  called once, after the first good answer, to begin what can go on while the next ones are waited for
    Failure (1) says what was found instead: after DEADLINE_SECONDS, as soon as its processes keep ending, or when
    patience ends.
    """
    trial = Trial(release, connect, main_pid, patience)
    trial.ask()
    trial.go_on(until=1)
    meanwhile()
    trial.go_on(until=NEEDED_ANSWERS)


class Trial(object):
    """The answers of one release so far."""

    def __init__(self, release, connect, main_pid, patience):
        self._release = release
        self._connect = connect
        self._main_pid = main_pid
        self._patience = patience
        self._end = time.time() + DEADLINE_SECONDS
        self._pid = None
        self._workers = set()
        self._deaths = 0
        self.good = 0
        self.found = "no answer"
        self._since = time.time()

    def go_on(self, until):
        """Ask again and again until so many in a row were answered well."""
        while self.good < until:
            if time.time() > self._end:
                self._give_up()
            time.sleep(INTERVAL_SECONDS)
            self.ask()

    def ask(self):
        """One question; `good` counts those in a row that were answered well."""
        # Asking the service manager takes longer than the question itself.
        if self._pid is None or not process.is_alive(self._pid):
            self._pid = self._main_pid()
        if self._pid is None:
            self.refuse("ended before it served")
        self._note(answer(self._connect(), self._release.health_path))
        at_home = process.working_directory(self._pid) == self._release.path
        healthy = self.found == 200 and at_home and not self._lost_workers(self._pid)
        self.good = self.good + 1 if healthy else 0

    def _note(self, found):
        if found != self.found:
            self.found, self._since = found, time.time()
        is_error = isinstance(found, int) and found not in (200, SERVICE_UNAVAILABLE)
        if is_error and time.time() - self._since > self._patience:
            said = "answers %s with %d, for %d s now" % (self._release.health_path, found, self._patience)
            self.refuse(said + ("; is HEALTH_PATH of config.env right?" if found == NOT_FOUND else ""))

    def _give_up(self):
        if self.found == 200:
            self.refuse("answers %s with 200, but %s" % (self._release.health_path, self._shortcoming()))
        answered = (self._release.health_path, DEADLINE_SECONDS, self.found)
        self.refuse("did not answer %s with 200 in %d s: %s" % answered)

    def _shortcoming(self):
        """What keeps an answer of 200 from being a good one."""
        directory = process.working_directory(self._pid)
        if directory is None:
            return "in which directory its process %d runs cannot be seen by this account" % self._pid
        if directory != self._release.path:
            return "its process %d runs in %s" % (self._pid, directory)
        return "not %d times in a row within %d s" % (NEEDED_ANSWERS, DEADLINE_SECONDS)

    def _lost_workers(self, pid):
        workers = process.children(pid)
        lost, self._workers = self._workers - workers, workers
        self._deaths += len(lost)
        if self._deaths > TOLERATED_DEATHS:
            self.refuse("loses its workers while it answers")
        return bool(lost)

    def refuse(self, reason):
        raise Failure(REFUSED, "%s %s" % (self._release.directory_name, reason))
