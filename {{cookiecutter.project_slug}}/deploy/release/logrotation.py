"""logrotate keeps BASE/logs small: root's from /etc/logrotate.d, a user's from the account's crontab."""

import grp
import os
import pwd

import crontab
import files
import process
from output import Failure, detail, warning

ROOTS_DIRECTORY = "/etc/logrotate.d"


def install(layout, release):
    """Have the logs rotated. What stands in the way is a warning: the release serves all the same."""
    if not process.exists("logrotate"):
        warning("logrotate is not installed: %s grows without end; install it and set up again" % layout.logs)
        return
    try:
        _write_settings(layout, release)
        if layout.mode == "user":
            crontab.add("17 0 * * * " + command(layout))
    except (Failure, OSError) as reason:
        warning("nothing rotates %s: %s" % (layout.logs, reason))


def remove(layout):
    """Undo install; a crontab line is the caller's to remove."""
    files.remove(path(layout))


def path(layout):
    """The file with logrotate's settings."""
    root = layout.mode == "root"
    return os.path.join(ROOTS_DIRECTORY, layout.name) if root else os.path.join(layout.state, "logrotate.conf")


def command(layout):
    """What user mode's crontab calls once a day."""
    return "logrotate --state %s/logrotate.status %s" % (layout.state, path(layout))


def _write_settings(layout, release):
    account = pwd.getpwnam(layout.username)
    # root rotates with the account's rights, in the account's directory; logrotate has `su` since 3.8.
    su = "su %s %s" % (account.pw_name, grp.getgrgid(account.pw_gid).gr_name) if layout.mode == "root" else ""
    values = {"logs": layout.logs, "base": layout.base, "su": su}
    text = files.fill(os.path.join(release.box_files, "logrotate.conf"), **values)
    if files.read_or_none(path(layout)) != text:
        files.write(path(layout), text)
        detail("logs are rotated by %s" % path(layout))
