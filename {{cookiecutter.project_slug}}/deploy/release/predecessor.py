"""What listens on the public port before this project's service does: a gunicorn started by hand, or a stranger."""

import os
import signal
import subprocess
import time

import ports
import process
from output import CONFIGURATION, Failure, detail

STOP_SECONDS = 40


class Predecessor(object):
    """A gunicorn of the application's account, started by hand; it can be stopped, and started again as it was."""

    def __init__(self, pid, username):
        self._pid = pid
        self._account = process.Account(username)
        self._command = ports.command_line(pid)
        self._directory = process.working_directory(pid)

    def stop(self, port):
        """Stop it; it finishes its requests, and gives up the port at once."""
        detail("taking over from gunicorn process %d, which was started by hand" % self._pid)
        os.kill(self._pid, signal.SIGTERM)
        end = time.time() + STOP_SECONDS
        while ports.listener_pids(port) and time.time() < end:
            time.sleep(0.01)

    def start_again(self):
        """Bring it back after a refusal, with the command, directory and account that it had."""
        with open(os.devnull, "r+") as nothing:
            subprocess.Popen(
                self._command,
                cwd=self._directory,
                env={"PATH": process.PATH, "HOME": self._account.home},
                stdin=nothing,
                stdout=nothing,
                stderr=nothing,
                close_fds=True,
                preexec_fn=self._become_daemon,
            )

    def _become_daemon(self):
        os.setsid()
        self._account.become()


def find(port, username):
    """The predecessor on the port, None if nothing listens there; Failure (78) names a stranger."""
    pids = ports.listener_pids(port)
    if not pids:
        return None
    if None in pids or not all(_is_by_hand(pid, username) for pid in pids):
        holder = ports.describe(pids[0])
        raise Failure(CONFIGURATION, "port %d is held by %s; stop it, nothing was changed" % (port, holder))
    # Workers share their master's socket; the master is the one whose parent does not.
    return Predecessor([pid for pid in pids if process.parent(pid) not in pids][0], username)


def _is_by_hand(pid, username):
    same_account = os.stat("/proc/%d" % pid).st_uid == process.Account(username).uid
    return same_account and any(os.path.basename(word) == "gunicorn" for word in ports.command_line(pid))
