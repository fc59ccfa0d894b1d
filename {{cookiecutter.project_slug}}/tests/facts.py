"""What a box says about itself; asking.py asks it."""

import dataclasses

# Addresses as /proc/net/tcp and tcp6 print them on a little-endian machine: 127.0.0.1; 0.0.0.0 and ::
LOOPBACK = "0100007F"
ANY_ADDRESS = ("0" * 8, "0" * 32)


@dataclasses.dataclass(frozen=True)
class Process:
    """One process that has the public port open; address as in /proc/net/tcp, uid its effective user, parent a pid."""

    address: str
    pid: str
    uid: str
    executable: str
    directory: str
    command: str
    parent: str


@dataclasses.dataclass
class Facts:
    """What box_facts.sh found; `values` holds the facts that come once.

    Paths are relative to BASE, those in `environment` to the virtual environment; `places` has paths outside of
    BASE too, which are absolute. `skew` is by how many seconds the box's clock is ahead of this machine's.
    """

    values: dict = dataclasses.field(default_factory=dict)
    listeners: list = dataclasses.field(default_factory=list)
    other_listeners: list = dataclasses.field(default_factory=list)
    left_over: list = dataclasses.field(default_factory=list)
    processes: list = dataclasses.field(default_factory=list)
    open_logs: dict = dataclasses.field(default_factory=dict)
    units: dict = dataclasses.field(default_factory=dict)
    reloads: dict = dataclasses.field(default_factory=dict)
    enabled: list = dataclasses.field(default_factory=list)
    crontab: list = dataclasses.field(default_factory=list)
    places: dict = dataclasses.field(default_factory=dict)
    environment: dict = dataclasses.field(default_factory=dict)
    skew: float = 0
    packages: dict = dataclasses.field(default_factory=dict)
    members: dict = dataclasses.field(default_factory=dict)
    owners: dict = dataclasses.field(default_factory=dict)
    hashes: dict = dataclasses.field(default_factory=dict)

    def __getattr__(self, name):
        """The fact of that name that comes once, or an empty string where the box had none to give."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.values.get(name, "")

    @property
    def host(self):
        """A host name that nginx passes to the app."""
        first = self.server_name.split(",")[0]
        return first.replace("*", "www") or "localhost"

    @property
    def upstream(self):
        """Where nginx finds the app."""
        return f"127.0.0.1:{self.port}"

    @property
    def sees_processes(self):
        """Whether the login may look at the processes of the account that the app runs as."""
        return self.reader in ("0", self.uid)

    def only_keeps(self, process):
        """Whether a process has the port open for others: systemd, supervisord, or the sleep that this started."""
        holder = process.parent == self.supervisord and process.command.startswith("sleep ")
        return process.pid in ("1", self.supervisord) or holder
