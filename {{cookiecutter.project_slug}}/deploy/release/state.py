"""What the box remembers: the lock, the marks of releases, an unfinished switch-over, and what was done."""

import fcntl
import json
import os
import time

import files
from output import BAD_BUNDLE, LOCKED, WRITE_FAILED, Failure


class State(object):
    """BASE/state. Marks are files named by version: complete, good, bad."""

    def __init__(self, layout, person):
        self._directory = layout.state
        self._log = os.path.join(layout.state, "deploy.log")
        self._journal = os.path.join(layout.state, "switching")
        self._person = person

    def lock(self, purpose, descriptor=None, wait=False):
        """Take the lock for as long as this process lives, or adopt the one that setup.sh holds as `descriptor`.

        If another holds it: wait for its end, or Failure (75) that names the holder.
        """
        path = os.path.join(self._directory, "lock")
        if descriptor is None:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            _take(descriptor, path, wait)
            files.write(path + ".holder", "%s, process %d, at %s\n" % (purpose, os.getpid(), now()))
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)

    # ---- Marks

    def mark(self, kind, version, **details):
        """Write a mark; `good` and `bad` exclude each other."""
        directory = os.path.join(self._directory, kind)
        if not os.path.isdir(directory):
            os.mkdir(directory)
        details.update(time=now(), by=self._person)
        files.write(os.path.join(directory, version), json.dumps(details, sort_keys=True) + "\n")
        if kind in ("good", "bad"):
            self.unmark({"good": "bad", "bad": "good"}[kind], version)

    def unmark(self, kind, version):
        files.remove(os.path.join(self._directory, kind, version))

    def read_mark(self, kind, version):
        """The details of a mark, None where there is none."""
        text = files.read_or_none(os.path.join(self._directory, kind, version))
        return None if text is None else json.loads(text)

    def marked(self, kind):
        """The versions that bear a mark, the one marked last at the end."""
        directory = os.path.join(self._directory, kind)
        if not os.path.isdir(directory):
            return []
        versions = [entry for entry in os.listdir(directory) if not entry.startswith(".")]
        return sorted(versions, key=lambda version: os.stat(os.path.join(directory, version)).st_mtime)

    # ---- The switch-over in progress; what is found here without a living deployment was interrupted

    def begin_switch(self, version):
        files.write(self._journal, version + "\n")

    def end_switch(self):
        files.remove(self._journal)

    def interrupted_switch(self):
        """The version that a killed deployment was switching to, or None."""
        text = files.read_or_none(self._journal)
        return text.strip() if text else None

    # ---- What was done

    def log(self, event, version, **details):
        """Append one JSON line to deploy.log, which a power cut right after does not take away."""
        line = dict(details, time=now(), event=event, version=version, by=self._person)
        try:
            with open(self._log, "a") as log:
                log.write(json.dumps(line, sort_keys=True) + "\n")
                log.flush()
                os.fsync(log.fileno())
        except EnvironmentError as reason:
            raise Failure(WRITE_FAILED, "cannot write %s: %s" % (self._log, reason))

    def events(self):
        """The lines of deploy.log as dicts, the oldest first; one that a power cut left half written is passed over."""
        found = []
        for line in (files.read_or_none(self._log) or "").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found


def require_complete(state, version):
    if version not in state.marked("complete"):
        raise Failure(BAD_BUNDLE, "version %s is not installed completely; run setup.sh again" % version)


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _take(descriptor, path, wait):
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except EnvironmentError:
        holder = (files.read_or_none(path + ".holder") or "unknown").strip()
        raise Failure(LOCKED, "another deployment runs: %s; try again when it is done" % holder)
