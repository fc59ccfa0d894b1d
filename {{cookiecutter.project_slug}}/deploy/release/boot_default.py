"""Which release systemd gives the public port to, and starts at boot."""

import glob
import os
import shutil
import subprocess

import files
import process
import systemctl

UNITS = "/etc/systemd/system"


class BootDefault(object):
    """NAME.socket.d/current.conf names the service of NAME.socket; links name what starts at boot."""

    def __init__(self, name):
        self._name = name
        self._drop_in = os.path.join(UNITS, name + ".socket.d", "current.conf")
        self._announcement = None

    def ensure(self, version):
        """Give the port to that version if it is nobody's: systemd does not open it for none."""
        if not os.path.exists(self._drop_in):
            self._write(version)
            systemctl.command("daemon-reload")

    def announce(self, version):
        """Begin to give the port to that version; systemd reads it while something else is done."""
        self._write(version)
        command = ["systemctl", "daemon-reload"]
        self._announcement = subprocess.Popen(command, close_fds=True, env={"PATH": process.PATH})

    def set(self, version):
        """From now on the port, and the next boot, belong to that version."""
        wanted = [self._name + suffix % version for suffix in ("@%s.service", "-settle@%s.service")]
        self.disable_all_but(*wanted)
        systemctl.link("enable", self._name + ".socket", *wanted)
        if self._write(version) or not self._was_announced():
            systemctl.command("daemon-reload")

    def disable_all_but(self, *wanted):
        """Start no other release at boot."""
        links = os.path.join(UNITS, "multi-user.target.wants", self._name)
        enabled = [os.path.basename(link) for link in glob.glob(links + "@*.service") + glob.glob(links + "-settle@*")]
        others = [unit for unit in enabled if unit not in wanted]
        if others:
            systemctl.link("disable", *others)

    def remove(self):
        """The port is nobody's, and not opened at boot."""
        files.remove(os.path.join(UNITS, "sockets.target.wants", self._name + ".socket"))
        shutil.rmtree(os.path.dirname(self._drop_in), ignore_errors=True)
        systemctl.command("daemon-reload")

    def _write(self, version):
        """True if that changed it."""
        text = "[Socket]\nService=%s@%s.service\n" % (self._name, version)
        if files.read_or_none(self._drop_in) == text:
            return False
        if not os.path.isdir(os.path.dirname(self._drop_in)):
            os.mkdir(os.path.dirname(self._drop_in), 0o755)
        files.write(self._drop_in, text)
        return True

    def _was_announced(self):
        """Whether systemd has read what `announce` wrote."""
        announcement, self._announcement = self._announcement, None
        return announcement is not None and announcement.wait() == 0
