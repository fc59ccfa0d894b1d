"""Running commands: no shell, a clean environment, and as the application's account where root need not do it."""

import errno
import os
import pwd
import subprocess
import tempfile
import threading
import time

import native

PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


class Account(object):
    """A passwd entry, and how a child of root becomes it."""

    def __init__(self, username):
        entry = pwd.getpwnam(username)
        self.name, self.uid, self.gid, self.home = username, entry.pw_uid, entry.pw_gid, entry.pw_dir

    def become(self):
        """Drop root's rights for good; a no-op where there are none to drop."""
        if os.geteuid() == 0:
            os.initgroups(self.name, self.gid)
            os.setgid(self.gid)
            os.setuid(self.uid)


def run(command, account=None, directory=None, environment=None, timeout=600):
    """Run a command to its end; returns (exit status, output with errors in it).

    A command that takes longer than `timeout` seconds is killed and has exit status -9.
    """
    with tempfile.TemporaryFile() as output, open(os.devnull) as nothing:
        child = subprocess.Popen(
            command,
            stdin=nothing,
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=True,
            cwd=directory,
            env=dict({"PATH": PATH, "LC_ALL": "C"}, **(environment or {})),
            preexec_fn=account.become if account else None,
        )
        killer = threading.Timer(timeout, child.kill)
        killer.start()
        try:
            status = child.wait()
        finally:
            killer.cancel()
        output.seek(0)
        return status, native.text(output.read())


def tail(text, lines=10):
    """The last lines of a text, indented as details."""
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-lines:])


def working_directory(pid):
    """The directory that a process runs in, or None if it is gone."""
    try:
        return os.readlink("/proc/%d/cwd" % pid)
    except OSError:
        return None


def has_open(pid, path):
    """Whether a process has that file open."""
    directory = "/proc/%d/fd" % pid
    try:
        return any(_is_link_to(os.path.join(directory, entry), path) for entry in os.listdir(directory))
    except OSError:
        return False


def _is_link_to(link, path):
    try:
        return os.readlink(link) == os.path.realpath(path)
    except OSError:
        return False


def exists(command):
    """Whether there is such a command on this box."""
    return any(os.access(os.path.join(directory, command), os.X_OK) for directory in PATH.split(":"))


def executable(pid):
    """The file that a process runs, or None if it is gone or another account's."""
    try:
        return os.readlink("/proc/%d/exe" % pid)
    except OSError:
        return None


def parent(pid):
    """The process id of a process's parent, None if it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            # The name in parentheses may hold anything; the parent is the second field after it (proc(5)).
            return int(file.read().rpartition(")")[2].split()[1])
    except EnvironmentError:
        return None


def children(pid):
    """The process ids of a process's children, as a set."""
    return {candidate for candidate in all_pids() if parent(candidate) == pid}


def all_pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def environment(pid):
    """The KEY=value strings that a process was started with; none if it is gone or another account's."""
    try:
        with open("/proc/%d/environ" % pid) as file:
            return file.read().split("\0")
    except (EnvironmentError, UnicodeDecodeError):
        return []


def owner(pid):
    """The user id that a process runs as, None if it is gone."""
    try:
        return os.stat("/proc/%d" % pid).st_uid
    except OSError:
        return None


def is_alive(pid):
    """Whether a process is there; one that has ended and is not reaped yet is not."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except EnvironmentError:
        return False


def wait_for_end(pids, seconds):
    """Return when the processes have ended or the time is over; those that have not ended, as a list."""
    end = time.time() + seconds
    while True:
        left = [pid for pid in pids if is_alive(pid)]
        if not left or time.time() > end:
            return left
        time.sleep(0.01)


def send(pids, number):
    """Send a signal to processes that may be gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError as reason:
            if reason.errno != errno.ESRCH:
                raise
