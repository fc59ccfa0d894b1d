"""Asking systemd about units, and telling it what to do with them."""

import process
from output import INTERNAL, REFUSED, Failure


def command(verb, *arguments):
    """`systemctl VERB ARGUMENT...`; Failure (1) if units do not start, (70) if anything else fails."""
    status, output = process.run(["systemctl", verb] + list(arguments))
    if status:
        message = "'systemctl %s %s' failed:\n%s" % (verb, " ".join(arguments), process.tail(output))
        raise Failure(REFUSED if verb == "start" else INTERNAL, message)


def link(verb, *units):
    """Enable or disable units for the next boot; Failure (70).

    The running systemd is not asked: 257, unlike 252, calls all units outdated once it has made a link, until a reload.
    """
    command(verb, "--quiet", "--root=/", *units)


def stop(*units):
    """A stop never fails for what does not run; a start limit that was hit is forgotten."""
    process.run(["systemctl", "stop"] + list(units))
    reset(*units)


def dismiss(*units):
    """Have systemd stop units, however long that takes."""
    process.run(["systemctl", "stop", "--no-block"] + list(units))


def reset(*units):
    """Forget that units failed, and how often."""
    process.run(["systemctl", "reset-failed"] + list(units))


def is_active(unit):
    return process.run(["systemctl", "is-active", "--quiet", unit])[0] == 0


def is_ending(unit):
    return _properties(unit).get("ActiveState") == "deactivating"


def main_pid(unit):
    """The process id of a service that runs and is to go on, else None."""
    properties = _properties(unit)
    pid = int(properties.get("MainPID", "0"))
    return pid if pid and properties.get("ActiveState") in ("active", "activating") else None


def active_instances(prefix):
    """The instances of PREFIX*.service that run, or are about to."""
    listing = ["systemctl", "list-units", "--no-legend", "--plain", "--full", "--all", prefix + "*.service"]
    rows = [line.split() for line in process.run(listing)[1].splitlines()]
    units = [row[0] for row in rows if len(row) > 2 and row[2] not in ("inactive", "failed")]
    return [unit[len(prefix) : -len(".service")] for unit in units]


def _properties(unit):
    _, output = process.run(["systemctl", "show", "--property", "ActiveState,MainPID", unit])
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
