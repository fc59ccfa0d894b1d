"""A release as systemd services.

NAME.socket holds the public port for ever; every NAME@VERSION.service inherits it, so two releases can share it
and no connection is lost between them. Each release also has a private socket, by which it alone is asked.
"""

import glob
import os
import shutil
import subprocess

import files
import gate
import ports
import predecessor
import process
from output import INTERNAL, REFUSED, Failure, warning

UNITS = "/etc/systemd/system"
TEMPLATES = (".socket", "@.service", "-check@.socket", "-candidate@.socket", "-candidate@.service", "-settle@.service")


class Systemd(object):
    """The service manager of root mode."""

    def __init__(self, layout):
        self._layout = layout
        self._name = layout.name
        self._replacements = files.Replacements()
        self._predecessor = None
        self._announcement = None

    def prepare(self, release):
        """Install the units that this release ships; Failure (78) if a stranger holds the public port."""
        ours = self._is_open() if self._is_active() else self.running()
        if not ours:
            self._predecessor = predecessor.find(self._layout.public[1], self._layout.username)
        values = {"name": self._name, "base": self._layout.base, "username": self._layout.username}
        values["port"] = str(self._layout.public[1])
        values["hardening"] = files.fill(os.path.join(release.box_files, "systemd", "hardening.conf"), **values)
        changed = False
        for suffix in TEMPLATES:
            text = files.fill(os.path.join(release.box_files, "systemd", "NAME" + suffix), **values)
            changed |= self._replacements.write(os.path.join(UNITS, self._name + suffix), text)
        if changed:
            _systemctl("daemon-reload")

    def guard(self, release):
        """Have systemd wait for the end of this deployment, and settle what it leaves behind if it is killed."""
        _systemctl("start", "--no-block", self._unit("-settle@%s.service", release))

    def start_candidate(self, release):
        _systemctl("start", *self._candidate_units(release))

    def stop_candidate(self, release):
        _stop(*self._candidate_units(release))

    def dismiss_candidate(self, release):
        """As stop_candidate, without waiting for its end."""
        _dismiss(*self._candidate_units(release))

    def pass_candidate_gate(self, release, patience=gate.DEADLINE_SECONDS):
        self._pass_gate(release, "candidate-%s.sock", "-candidate@%s.service", patience)

    def start(self, release):
        """Start the release on the public and on its private socket; if another runs, both serve from now on."""
        if not os.path.exists(self._boot_drop_in()):
            self._write_boot_drop_in(release)
            _systemctl("daemon-reload")
        if not (self._is_open() and self._is_active()):
            self._free_port(release)
        units = self._serving_units(release)
        # A start limit that was hit earlier would refuse the start.
        process.run(["systemctl", "reset-failed", self._name + ".socket"] + units)
        _systemctl("start", self._name + ".socket", *units)

    def announce(self, release):
        """Begin to tell systemd that the port belongs to this release, which takes as long as the gate watches it."""
        self._write_boot_drop_in(release)
        command = ["systemctl", "daemon-reload"]
        self._announcement = subprocess.Popen(command, close_fds=True, env={"PATH": process.PATH})

    def pass_gate(self, release):
        self._pass_gate(release, "%s.sock", "@%s.service")

    def needs_new_port(self):
        """Whether the public socket listens elsewhere than the settings say."""
        return self._is_active() and not self._is_open()

    def make_default(self, release):
        """From now on the port, and the next boot, belong to this release."""
        wanted = [self._unit("@%s.service", release), self._unit("-settle@%s.service", release)]
        self._disable_all_but(*wanted)
        _systemctl("enable", "--quiet", "--no-reload", self._name + ".socket", *wanted)
        if self._write_boot_drop_in(release) or not self._announced():
            _systemctl("daemon-reload")

    def _disable_all_but(self, *wanted):
        links = os.path.join(UNITS, "multi-user.target.wants", self._name)
        enabled = [os.path.basename(link) for link in glob.glob(links + "@*.service") + glob.glob(links + "-settle@*")]
        others = [unit for unit in enabled if unit not in wanted]
        if others:
            _systemctl("disable", "--quiet", "--no-reload", *others)

    def stop(self, release):
        """Let the release finish its requests and end."""
        _stop(*self._serving_units(release))

    def dismiss(self, release):
        """As stop, without waiting for its end."""
        _dismiss(*self._serving_units(release))

    def close(self):
        """Give up the public port; nothing is in service from now on."""
        _stop(self._name + ".socket")
        shutil.rmtree(os.path.dirname(self._boot_drop_in()), ignore_errors=True)
        _systemctl("daemon-reload")

    def withdraw(self, release, former):
        """Take a refused release out again: units, boot default and port as before."""
        if former:
            self._undo_units()
            self.make_default(former)
            self.start(former)
        self.stop_candidate(release)
        self.stop(release)
        self._undo_units()
        if not former:
            self._disable_all_but()
            self.close()
            if self._predecessor:
                self._predecessor.start_again()

    def leave(self, release):
        """End the trial of what was in service before. What systemd runs of it, or starts at boot, it goes on with."""
        self.stop_candidate(release)
        self._undo_units()
        if self._predecessor and not self.is_running(release):
            self._predecessor.start_again()

    def _undo_units(self):
        if self._replacements.undo():
            _systemctl("daemon-reload")

    def uninstall(self):
        """Stop everything and remove the units."""
        for version in self.candidates():
            self.stop_candidate(self._layout.release(version))
        for version in self.running():
            self.stop(self._layout.release(version))
        _stop(self._name + ".socket")
        for link in glob.glob(os.path.join(UNITS, "*.wants", self._name + "[@.-]*")):
            if os.path.basename(link).replace("-settle@", "@").startswith((self._name + "@", self._name + ".socket")):
                files.remove(link)
        for suffix in TEMPLATES:
            files.remove(os.path.join(UNITS, self._name + suffix))
        self.close()

    def is_running(self, release):
        return self.main_pid(release) is not None

    def main_pid(self, release):
        """The gunicorn of a release, None if it does not run."""
        return self._main_pid(self._unit("@%s.service", release))

    def running(self):
        """The versions whose services run."""
        return self._active_instances("@")

    def candidates(self):
        """The versions on trial."""
        return self._active_instances("-candidate@")

    def _is_active(self):
        return process.run(["systemctl", "is-active", "--quiet", self._name + ".socket"])[0] == 0

    def _is_open(self):
        """Whether systemd listens on the public port."""
        return 1 in ports.listener_pids(self._layout.public[1])

    def _free_port(self, release):
        """A socket that failed, or is to move, cannot be opened while a service listens on what it opened before."""
        moves = self.needs_new_port()
        if moves:
            warning("the port changes: for a moment the application does not answer")
        if self._predecessor:
            self._predecessor.stop(self._layout.public[1])
        for version in self.running():
            if moves or version != release.version:
                self.stop(self._layout.release(version))
        if moves:
            _stop(self._name + ".socket")

    def _active_instances(self, separator):
        prefix = self._name + separator
        command = ["systemctl", "list-units", "--no-legend", "--plain", "--full", "--all", prefix + "*.service"]
        rows = [line.split() for line in process.run(command)[1].splitlines()]
        units = [row[0] for row in rows if len(row) > 2 and row[2] not in ("inactive", "failed")]
        return [unit[len(prefix) : -len(".service")] for unit in units]

    def _pass_gate(self, release, socket_name, unit, patience=gate.DEADLINE_SECONDS):
        path = os.path.join("/run", self._name, socket_name % release.version)
        unit = self._unit(unit, release)
        gate.wait(release, lambda: gate.UnixConnection(path), lambda: self._main_pid(unit), patience)

    def _serving_units(self, release):
        """Its private socket first: it would start the service again."""
        return [self._unit("-check@%s.socket", release), self._unit("@%s.service", release)]

    def _candidate_units(self, release):
        return [self._unit("-candidate@%s.socket", release), self._unit("-candidate@%s.service", release)]

    def _unit(self, suffix, release):
        return self._name + suffix % release.version

    def _boot_drop_in(self):
        return os.path.join(UNITS, self._name + ".socket.d", "current.conf")

    def _write_boot_drop_in(self, release):
        """True if that changed it."""
        drop_in, text = self._boot_drop_in(), "[Socket]\nService=%s\n" % self._unit("@%s.service", release)
        if files.read_or_none(drop_in) == text:
            return False
        if not os.path.isdir(os.path.dirname(drop_in)):
            os.mkdir(os.path.dirname(drop_in), 0o755)
        files.write(drop_in, text)
        return True

    def _announced(self):
        """Whether systemd has read what `announce` wrote."""
        announcement, self._announcement = self._announcement, None
        return announcement is not None and announcement.wait() == 0

    def _main_pid(self, unit):
        _, output = process.run(["systemctl", "show", "--property", "ActiveState,MainPID", unit])
        properties = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        pid = int(properties.get("MainPID", "0"))
        return pid if pid and properties.get("ActiveState") in ("active", "activating") else None


def _systemctl(verb, *arguments):
    status, output = process.run(["systemctl", verb] + list(arguments))
    if status:
        message = "'systemctl %s %s' failed:\n%s" % (verb, " ".join(arguments), process.tail(output))
        raise Failure(REFUSED if verb == "start" else INTERNAL, message)


def _stop(*units):
    """A stop never fails for what does not run; a start limit that was hit is forgotten."""
    process.run(["systemctl", "stop"] + list(units))
    process.run(["systemctl", "reset-failed"] + list(units))


def _dismiss(*units):
    """Have systemd stop units, however long that takes."""
    process.run(["systemctl", "stop", "--no-block"] + list(units))
