"""One box as the commands see it: its layout, its state, its service manager and its nginx site."""

import os

from layout import Layout
from nginx import NoSite, Site
from output import CONFIGURATION, Failure
from state import State
from supervisor import Supervisor
from systemd import Systemd


class Box(object):
    """What every command works on. Failure (78) for an account that may not change this box."""

    def __init__(self, base, name, person):
        self.layout = Layout(base, name)
        self.state = State(self.layout, person)
        root = self.layout.mode == "root"
        if root and os.geteuid() != 0:
            raise Failure(CONFIGURATION, "%s was installed by root; run this as root" % base)
        # sd_booted(3)
        systemd = os.path.isdir("/run/systemd/system")
        self.manager = Systemd(self.layout) if root and systemd else Supervisor(self.layout)
        self.site = Site(self.layout) if root else NoSite()

    def interrupted(self):
        """The version of the deployment that was killed on its way and is not settled yet, or None."""
        return self.state.interrupted_switch() or self.layout.settings.unconfirmed()
