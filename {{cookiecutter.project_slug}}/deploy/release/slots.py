"""The places of supervisord's configuration in which a release can run, and which release each is for."""

import os
import time

import files
from output import INTERNAL, Failure

HOLDER, SERVING, CANDIDATE = "0", ("1", "2"), "candidate"
# supervisor's process states (supervisor/states.py)
STARTING, RUNNING, BACKOFF, STOPPING = 10, 20, 30, 40
TO_GO_ON = (STARTING, RUNNING, BACKOFF)
# supervisord kills after stopwaitsecs, which are fewer.
STOP_SECONDS = 60


class Slots(object):
    """BASE/state/slots has a link for each slot; supervisord knows the slot's process, if its group is there."""

    def __init__(self, layout, daemon):
        self._name = layout.name
        self._directory = os.path.join(layout.state, "slots")
        self._daemon = daemon

    def start(self, slot, release):
        """Start the release in a slot; Failure (1) if supervisord cannot."""
        self.stop(slot)
        self.point(slot, release)
        self._daemon.call("startProcess", self._program(slot), False)

    def stop(self, slot):
        """Stop what runs in a slot; its requests are finished first. It never fails for what does not run."""
        end = time.time() + STOP_SECONDS
        while self.is_active(slot):
            if time.time() > end:
                raise Failure(INTERNAL, "%s does not stop" % self._program(slot))
            self.dismiss(slot)
            time.sleep(0.02)

    def dismiss(self, slot):
        """Have supervisord stop what runs in a slot, however long that takes."""
        try:
            if self._state(slot) in TO_GO_ON:
                self._daemon.call("stopProcess", self._program(slot), False)
        except Failure:
            # It may have ended by itself meanwhile.
            if self._state(slot) in TO_GO_ON:
                raise

    def point(self, slot, release):
        """Name the release that the slot's next process is for."""
        if not os.path.isdir(self._directory):
            os.mkdir(self._directory, 0o755)
        files.point(self._link(slot), os.path.join("..", "..", release.directory_name))

    def version(self, slot):
        """The version that a slot is for, None if it has never been for any."""
        try:
            target = os.readlink(self._link(slot))
        except OSError:
            return None
        return os.path.basename(target)[len(self._name + "-v") :]

    def of(self, release):
        """The serving slot that the release runs in, or None."""
        taken = [slot for slot in SERVING if self.version(slot) == release.version and self.is_active(slot)]
        return taken[0] if taken else None

    def free(self):
        """A serving slot in which nothing runs, else one whose process is about to end."""
        free = [slot for slot in SERVING if not self.is_active(slot)]
        free += [slot for slot in SERVING if self._state(slot) == STOPPING]
        if not free:
            raise Failure(INTERNAL, "both slots are taken: settle first, with activate.sh --settle")
        return free[0]

    def is_active(self, slot):
        """Whether a process runs in the slot, or will run again by itself."""
        return self._state(slot) in TO_GO_ON + (STOPPING,)

    def main_pid(self, slot):
        """The process id of the slot's gunicorn, None if there is none that is to go on."""
        row = self._row(slot)
        return row["pid"] if row.get("state") in (STARTING, RUNNING) else None

    def _state(self, slot):
        return self._row(slot).get("state")

    def _row(self, slot):
        rows = {row["group"] + ":" + row["name"]: row for row in self._daemon.processes_known()}
        return rows.get(self._program(slot), {})

    def _link(self, slot):
        return os.path.join(self._directory, slot)

    def _program(self, slot):
        candidate = self._name + "-candidate"
        return "%s:%s" % ((candidate, candidate) if slot == CANDIDATE else (self._name, "slot_" + slot))
