"""A release as systemd services.

NAME.socket holds the public port for ever; every NAME@VERSION.service inherits it, so two releases can share it
and no connection is lost between them. Each release also has a private socket, by which it alone is asked.
"""

import glob
import os

import files
import gate
import ports
import predecessor
import systemctl
from boot_default import UNITS, BootDefault
from output import warning

TEMPLATES = (".socket", "@.service", "-check@.socket", "-candidate@.socket", "-candidate@.service", "-settle@.service")


class Systemd(object):
    """The service manager of root mode."""

    def __init__(self, layout):
        self._layout = layout
        self._name = layout.name
        self._replacements = files.Replacements()
        self._predecessor = None
        self._socket = layout.name + ".socket"
        self._boot_default = BootDefault(layout.name)

    def prepare(self, release):
        """Install the units that this release ships; Failure (78) if a stranger holds the public port."""
        ours = self._is_open() if systemctl.is_active(self._socket) else self.running()
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
            systemctl.command("daemon-reload")

    def guard(self, release):
        """Have systemd wait for the end of this deployment, and settle what it leaves behind if it is killed."""
        systemctl.command("start", "--no-block", self._unit("-settle@%s.service", release))

    def start_candidate(self, release):
        systemctl.command("start", *self._candidate_units(release))

    def stop_candidate(self, release):
        systemctl.stop(*self._candidate_units(release))

    def dismiss_candidate(self, release):
        """As stop_candidate, without waiting for its end."""
        systemctl.dismiss(*self._candidate_units(release))

    def pass_candidate_gate(self, release, patience=gate.DEADLINE_SECONDS):
        self._pass_gate(release, "candidate-%s.sock", "-candidate@%s.service", patience=patience)

    def start(self, release):
        """Start the release on the public and on its private socket; if another runs, both serve from now on."""
        self._boot_default.ensure(release.version)
        if not (self._is_open() and systemctl.is_active(self._socket)):
            self._free_port(release)
        units = self._serving_units(release)
        if systemctl.is_ending(units[1]):
            # It is at work on its last requests, and until it has ended systemd refuses its private socket.
            systemctl.stop(*units)
        # A start limit that was hit earlier would refuse the start.
        systemctl.reset(self._socket, *units)
        systemctl.command("start", self._socket, *units)

    def announce(self, release):
        """Begin to tell systemd that the port belongs to this release."""
        self._boot_default.announce(release.version)

    def pass_gate(self, release, meanwhile=lambda: None):
        self._pass_gate(release, "%s.sock", "@%s.service", meanwhile=meanwhile)

    def needs_new_port(self):
        """Whether the public socket listens elsewhere than the settings say."""
        return systemctl.is_active(self._socket) and not self._is_open()

    def make_default(self, release):
        """From now on the port, and the next boot, belong to this release."""
        self._boot_default.set(release.version)

    def stop(self, release):
        """Let the release finish its requests and end."""
        systemctl.stop(*self._serving_units(release))

    def dismiss(self, release):
        """As stop, without waiting for its end."""
        systemctl.dismiss(*self._serving_units(release))

    def close(self):
        """Give up the public port; nothing is in service from now on."""
        systemctl.stop(self._socket)
        self._boot_default.remove()

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
            self._boot_default.disable_all_but()
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
            systemctl.command("daemon-reload")

    def uninstall(self):
        """Stop everything and remove the units."""
        for version in self.candidates():
            self.stop_candidate(self._layout.release(version))
        for version in self.running():
            self.stop(self._layout.release(version))
        systemctl.stop(self._socket)
        for link in glob.glob(os.path.join(UNITS, "*.wants", self._name + "[@.-]*")):
            if os.path.basename(link).replace("-settle@", "@").startswith((self._name + "@", self._socket)):
                files.remove(link)
        for suffix in TEMPLATES:
            files.remove(os.path.join(UNITS, self._name + suffix))
        self.close()

    def is_running(self, release):
        return self.main_pid(release) is not None

    def main_pid(self, release):
        """The gunicorn of a release, None if it does not run."""
        return systemctl.main_pid(self._unit("@%s.service", release))

    def running(self):
        """The versions whose services run."""
        return systemctl.active_instances(self._name + "@")

    def candidates(self):
        """The versions on trial."""
        return systemctl.active_instances(self._name + "-candidate@")

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
            systemctl.stop(self._socket)

    def _pass_gate(self, release, socket_name, unit, **options):
        path = os.path.join("/run", self._name, socket_name % release.version)
        unit = self._unit(unit, release)
        gate.wait(release, lambda: gate.UnixConnection(path), lambda: systemctl.main_pid(unit), **options)

    def _serving_units(self, release):
        """Its private socket first: it would start the service again."""
        return [self._unit("-check@%s.socket", release), self._unit("@%s.service", release)]

    def _candidate_units(self, release):
        return [self._unit("-candidate@%s.socket", release), self._unit("-candidate@%s.service", release)]

    def _unit(self, suffix, release):
        return self._name + suffix % release.version
