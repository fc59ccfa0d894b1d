"""BASE/shared/app.env: settings and secrets of the app on this box. The file is the account's, and so is reading it."""

import os

import process

READ_SECONDS = 10


def path(layout):
    return os.path.join(layout.shared, "app.env")


def read(layout, account):
    """Its KEY=value lines as a dict, read with no more rights than the account has; {} if it cannot be read."""
    # The account could have made it a pipe, which nobody writes to.
    status, text = process.run(["cat", path(layout)], account, timeout=READ_SECONDS)
    lines = [line.strip() for line in text.splitlines()] if status == 0 else []
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def advice(layout):
    """What may keep an app from serving on a new box: a line to show, "" where the file has settings."""
    if read(layout, process.Account(layout.username)):
        return ""
    return "\n%s is empty: if the app needs settings or secrets, write them there and run setup.sh again" % path(layout)
