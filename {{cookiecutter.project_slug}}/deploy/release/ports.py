"""Who listens on a port of this box, from /proc: no tool is needed (proc(5), /proc/net/tcp)."""

import os

import process

LISTEN = "0A"


def listener_pids(port):
    """The processes that listen on a TCP port, on any address; [None] if the process is hidden from this account."""
    inodes = _listening_inodes(port)
    pids = [pid for pid in process.all_pids() if inodes & _socket_inodes(pid)] if inodes else []
    return pids or [None] * bool(inodes)


def describe(pid):
    """A process in words, for people."""
    if pid is None:
        return "a process of another account"
    return "process %d (%s)" % (pid, " ".join(command_line(pid)) or "unknown")


def command_line(pid):
    """The arguments of a process, empty if it is gone."""
    try:
        with open("/proc/%d/cmdline" % pid) as file:
            return file.read().split("\0")[:-1]
    except EnvironmentError:
        return []


def _listening_inodes(port):
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):
            continue
        with open(table) as file:
            rows = [line.split() for line in file][1:]
        found.update(row[9] for row in rows if row[3] == LISTEN and int(row[1].rpartition(":")[2], 16) == port)
    return found - {"0"}


def _socket_inodes(pid):
    directory, found = "/proc/%d/fd" % pid, set()
    try:
        for descriptor in os.listdir(directory):
            target = os.readlink(os.path.join(directory, descriptor))
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    except OSError:
        pass
    return found
