"""nginx's process: systemd's on a box that has it, its own daemon elsewhere."""

import os

import ports
import process

# nginx(8): the title that its main process gives itself
TITLE = "nginx: master process"


def is_running():
    return any(" ".join(ports.command_line(pid)).startswith(TITLE) for pid in process.all_pids())


def reload_command():
    """The command that makes nginx read its configuration again, and starts it if it does not run."""
    if os.path.isdir("/run/systemd/system"):
        return ["systemctl", "reload-or-restart", "nginx"]
    return ["nginx", "-s", "reload"] if is_running() else ["nginx"]
