"""The crontab of whoever runs this: what keeps the application running without systemd, and rotates its logs."""

import subprocess

import native
import process
from output import INTERNAL, Failure, warning


def add(*wanted):
    """Add lines that are not there; every other line stays. Where there is no cron, a warning says what to do."""
    try:
        lines = _read()
        missing = [line for line in wanted if line not in lines]
        if missing:
            _write(lines + missing)
    except (Failure, OSError) as reason:
        warning("cannot write a crontab (%s): have this run in another way: %s" % (reason, "; ".join(wanted)))


def remove(part):
    """Remove every line that holds `part`; a no-op where there is no crontab."""
    lines = _read() if process.exists("crontab") else []
    if any(part in line for line in lines):
        _write([line for line in lines if part not in line])


def _read():
    status, output = process.run(["crontab", "-l"])
    lines = output.split("\n") if status == 0 else [""]
    return lines if lines[-1] else lines[:-1]


def _write(lines):
    child = subprocess.Popen(["crontab", "-"], stdin=subprocess.PIPE, close_fds=True, env={"PATH": process.PATH})
    child.communicate(native.data("".join(line + "\n" for line in lines)))
    if child.returncode:
        raise Failure(INTERNAL, "crontab failed with status %d" % child.returncode)
