"""What supervisord runs: become the gunicorn of the release that this file lies in, or hold the public port open.

Usage: slot.py 0 | 1 | 2 | candidate

0 holds the port that supervisord passes as standard input and never accepts; 1 and 2 serve on it and on their private
socket, BASE/run/slot-N.sock; the candidate serves on its private socket alone. gunicorn gets the sockets in systemd's
manner (sd_listen_fds(3)), which every gunicorn knows, and an environment without anything of the one who deploys.

Exit codes: gunicorn's; 78 if there is no socket to listen on.
"""

import os
import pwd
import socket
import sys

# Of a C int, as every sleep takes it: 68 years.
FOR_EVER = "2147483647"
FIRST_PASSED = 3
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def main(slot):
    if slot == "0":
        os.execve("/bin/sleep", ["sleep", FOR_EVER], environment(0))
    release = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
    base = os.path.dirname(release)
    write_to(os.path.join(base, "logs", "error.log"))
    private = listen(os.path.join(base, "run", "%s.sock" % (slot if slot == "candidate" else "slot-" + slot)))
    passed = [private.fileno()] if slot == "candidate" else [0, private.fileno()]
    place(passed)
    options = ["--workers", "2"] if slot == "candidate" else []
    serve = os.path.join(release, "deploy", "box", "serve.sh")
    os.execve("/bin/sh", ["/bin/sh", serve] + options, environment(len(passed)))


def write_to(log):
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    os.dup2(output, 1)
    os.dup2(output, 2)


def listen(path):
    """A private listening socket; one that a former process left behind is replaced."""
    if os.path.lexists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o077)
    listener.bind(path)
    os.umask(0o022)
    listener.listen(64)
    return listener


def place(sockets):
    """Make `sockets` this process's file descriptors 3 and up, and standard input empty."""
    spare = [os.dup(number) for number in sockets]
    for number, descriptor in enumerate(spare):
        os.dup2(descriptor, FIRST_PASSED + number)
    os.closerange(FIRST_PASSED + len(sockets), 256)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def environment(sockets):
    """The process's whole environment; it keeps what supervisord marks its processes with."""
    account = pwd.getpwuid(os.getuid())
    values = {"PATH": PATH, "HOME": account.pw_dir, "USER": account.pw_name, "LOGNAME": account.pw_name}
    values.update((key, value) for key, value in os.environ.items() if key.startswith("SUPERVISOR_"))
    if sockets:
        values.update(LISTEN_FDS=str(sockets), LISTEN_PID=str(os.getpid()))
    return values


if __name__ == "__main__":
    main(sys.argv[1])
