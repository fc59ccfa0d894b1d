"""The application's own before-switch.sh, such as a migration of its data, run once before a release first serves."""

import os

import process
from output import REFUSED, Failure, detail, step

NAME = "before-switch.sh"
TIMEOUT_SECONDS = 3600
READ_SECONDS = 10


def run(layout, release):
    """Run it if there is one, as the account, with the settings of shared/app.env; Failure (1) if it fails.

    A rollback does not run it: an old release knows nothing of what a newer one did to the data.
    """
    if not os.path.exists(os.path.join(release.path, NAME)):
        return
    step("Running %s of %s" % (NAME, release.directory_name))
    account = process.Account(layout.username)
    environment = dict(read_app_env(layout, account), HOME=layout.run, PYTHONDONTWRITEBYTECODE="1")
    environment["PATH"] = os.path.join(release.venv, "bin") + ":" + process.PATH
    status, output = process.run(["/bin/sh", NAME], account, release.path, environment, TIMEOUT_SECONDS)
    if status:
        shown = "%s of %s failed with status %d:\n%s"
        raise Failure(REFUSED, shown % (NAME, release.directory_name, status, process.tail(output, 30)))
    if output.strip():
        detail(output.strip().splitlines()[-1])


def read_app_env(layout, account):
    """The KEY=value lines of shared/app.env as a dict, read with no more rights than the account has."""
    # The account could have made it a pipe, which nobody writes to.
    command = ["cat", os.path.join(layout.shared, "app.env")]
    status, text = process.run(command, account, timeout=READ_SECONDS)
    lines = [line.strip() for line in text.splitlines()] if status == 0 else []
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
