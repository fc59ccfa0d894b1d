"""BASE/shared/app.env: settings and secrets of the app on this box. The file is the account's, and so is reading it."""

import os
import re

import process
from output import warning

READ_SECONDS = 10


def path(layout):
    return os.path.join(layout.shared, "app.env")


def read(layout, account):
    """Its KEY=value lines as a dict, read with no more rights than the account has; {} if it cannot be read.

    The same ones as in gunicorn.conf.py. No environment can have a NUL.
    """
    lines = _lines(layout, account) or []
    wanted = [line for line in lines if "=" in line and "\0" not in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in wanted)


def _lines(layout, account):
    """Its lines without the space around them, or None if the account cannot read it."""
    # The account could have made it a pipe, which nobody writes to.
    status, text = process.run(["cat", path(layout)], account, timeout=READ_SECONDS)
    return [line.strip() for line in re.split("\r\n|\r|\n", text)] if status == 0 else None


def warn(layout):
    """Tell of what the app will not get from it: lines by their numbers, as secrets may stand in them."""
    lines = _lines(layout, process.Account(layout.username))
    if lines is None:
        shown = "%s cannot be read by %s, so none of its settings count; make it a file of that account, with mode 600"
        warning(shown % (path(layout), layout.username))
    for number, line in enumerate(lines or [], 1):
        if not line or line.startswith("#"):
            continue
        if not _is_setting(line):
            shown = "line %d of %s is no setting: write KEY=value, without export and without space around the ="
            warning(shown % (number, path(layout)))
        elif _is_quoted(line.split("=", 1)[1]):
            warning("line %d of %s: the quotes are part of the value; leave them out" % (number, path(layout)))


def _is_setting(line):
    """Whether an environment can have it; the name may be an odd one, but nobody means one with space in it."""
    name, sign, _ = line.partition("=")
    return bool(name and sign) and "\0" not in line and not any(character.isspace() for character in name)


def _is_quoted(value):
    return len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"


def advice(layout):
    """What may keep an app from serving on a new box: a line to show, "" where the file has settings."""
    if read(layout, process.Account(layout.username)):
        return ""
    return "\n%s is empty: if the app needs settings or secrets, write them there and run setup.sh again" % path(layout)
