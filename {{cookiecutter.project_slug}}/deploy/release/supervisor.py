"""A release as a program of a supervisord of our own: user mode, and root mode on a box without systemd.

The public port belongs to one fcgi-program of three processes (deploy/box/supervisor/service.conf): a holder, so that
it is never closed, and two slots, so that two releases can serve on it together and no connection is lost between them.
A slot's link in BASE/state/slots names its release; supervisord's configuration never changes.
"""

import os
import subprocess

import crontab
import gate
import ports
import predecessor
import process
from output import detail, warning
from private_socket import AccountConnection
from slots import CANDIDATE, HOLDER, SERVING, Slots
from supervisord import Supervisord


class Supervisor(object):
    """The service manager where systemd is not, or is not ours."""

    def __init__(self, layout):
        self._layout = layout
        self._daemon = Supervisord(layout)
        self._slots = Slots(layout, self._daemon)
        self._predecessor = None

    def prepare(self, release):
        """See that supervisord runs; Failure (78) if a stranger holds the public port."""
        alive = self._daemon.is_running()
        orphaned = not alive and self._daemon.processes()
        if not orphaned and (self.needs_new_port() or not self._holds_port()):
            self._predecessor = predecessor.find(self._layout.public[1], self._layout.username)
        if not alive:
            self._daemon.start(release)
        if orphaned:
            self._bring_back(self._layout.current())

    def guard(self, release):
        """Start a process that waits for the end of this deployment, and settles what it leaves behind if killed."""
        command = ["/bin/sh", os.path.join(release.path, "deploy", "activate.sh"), "--settle"]
        log = os.path.join(self._layout.state, "supervisor", "settle.log")
        with open(os.devnull) as nothing, open(log, "w") as output:
            subprocess.Popen(
                command,
                cwd=self._layout.state,
                env={"PATH": process.PATH},
                stdin=nothing,
                stdout=output,
                stderr=output,
                close_fds=True,
                preexec_fn=os.setsid,
            )

    def start_candidate(self, release):
        self._slots.start(CANDIDATE, release)

    def stop_candidate(self, _release):
        self._slots.stop(CANDIDATE)

    def dismiss_candidate(self, _release):
        """As stop_candidate, without waiting for its end."""
        self._slots.dismiss(CANDIDATE)

    def pass_candidate_gate(self, release, patience=gate.DEADLINE_SECONDS):
        self._pass_gate(release, CANDIDATE, patience=patience)

    def start(self, release):
        """Start the release on the public and on its private socket; if another runs, both serve from now on."""
        if self.needs_new_port():
            warning("the port changes: for a moment the application does not answer")
            self._daemon.shut_down()
            self._daemon.start(release)
        if self.is_running(release):
            return
        if self._predecessor:
            self._predecessor.stop(self._layout.public[1])
        self._daemon.add_service(release)
        if not self._slots.is_active(HOLDER):
            self._slots.start(HOLDER, release)
        self._slots.start(self._slots.free(), release)

    def needs_new_port(self):
        """Whether supervisord holds another port than the settings say."""
        return self._holds_port() and not ports.listener_pids(self._layout.public[1])

    def pass_gate(self, release, meanwhile=lambda: None):
        self._pass_gate(release, self._slots.of(release), meanwhile=meanwhile)

    def announce(self, release):
        """Nothing to do: supervisord need not know."""

    def make_default(self, release):
        """At boot, and when supervisord was killed, cron puts the release in service that `current` points at."""
        self._slots.point(HOLDER, release)
        scripts = os.path.join(self._layout.current_link, "deploy")
        crontab.add(
            "@reboot sh %s/activate.sh >/dev/null 2>&1" % scripts,
            "* * * * * sh %s/box/supervisor/watch.sh >/dev/null 2>&1" % scripts,
        )

    def stop(self, release):
        """Let the release finish its requests and end."""
        slot = self._slots.of(release)
        if slot:
            self._slots.stop(slot)

    def dismiss(self, release):
        """As stop, without waiting for its end."""
        slot = self._slots.of(release)
        if slot:
            self._slots.dismiss(slot)

    def close(self):
        """Give up the public port; nothing is in service from now on."""
        self._daemon.shut_down()

    def withdraw(self, release, former):
        """Take a refused release out again; the former one was never stopped."""
        self.stop_candidate(release)
        self.stop(release)
        if former:
            self.start(former)
            self._slots.point(HOLDER, former)
        else:
            self.uninstall()
            if self._predecessor:
                self._predecessor.start_again()

    def leave(self, release):
        """End the trial of what was in service before; where it does not run, cron tries again in a minute."""
        self.stop_candidate(release)
        if not self.running():
            self.close()
            if self._predecessor:
                self._predecessor.start_again()

    def uninstall(self):
        """Stop everything, and start nothing at boot."""
        self.close()
        crontab.remove(os.path.join(self._layout.current_link, "deploy", ""))

    def is_running(self, release):
        return self.main_pid(release) is not None

    def main_pid(self, release):
        """The gunicorn of a release, None if it does not run."""
        slot = self._slots.of(release)
        return self._slots.main_pid(slot) if slot else None

    def running(self):
        """The versions that a slot serves, or tries to."""
        return [self._slots.version(slot) for slot in SERVING if self._slots.is_active(slot)]

    def candidates(self):
        """The versions on trial."""
        return [self._slots.version(CANDIDATE)] if self._slots.is_active(CANDIDATE) else []

    def _holds_port(self):
        return any(self._slots.is_active(slot) for slot in (HOLDER,) + SERVING)

    def _bring_back(self, current):
        """supervisord was killed and gunicorn lives on without it: only a new start puts it under supervisord again."""
        detail("supervisord was killed: starting what was in service under a new one")
        self._daemon.stop_orphans(self._layout.public[1])
        if current:
            self.start(current)

    def _pass_gate(self, release, slot, **options):
        path = os.path.join(self._layout.run, "%s.sock" % (slot if slot == CANDIDATE else "slot-" + slot))
        uid = process.Account(self._layout.username).uid
        gate.wait(release, lambda: AccountConnection(path, uid), lambda: self._slots.main_pid(slot), **options)
