"""The application's own before-switch.sh, such as a migration of its data, run once before a release first serves."""

import os

import app_env
import process
from output import REFUSED, Failure, detail, step

NAME = "before-switch.sh"
TIMEOUT_SECONDS = 3600


def run(layout, release):
    """Run it if there is one, as the account, with the settings of shared/app.env; Failure (1) if it fails.

    A rollback does not run it: an old release knows nothing of what a newer one did to the data.
    """
    if not os.path.exists(os.path.join(release.path, NAME)):
        return
    step("Running %s of %s" % (NAME, release.directory_name))
    account = process.Account(layout.username)
    environment = dict(app_env.read(layout, account), HOME=layout.run, PYTHONDONTWRITEBYTECODE="1")
    environment["PATH"] = os.path.join(release.venv, "bin") + ":" + process.PATH
    status, output = process.run(["/bin/sh", NAME], account, release.path, environment, TIMEOUT_SECONDS)
    if status:
        shown = "%s of %s failed with status %d:\n%s"
        raise Failure(REFUSED, shown % (NAME, release.directory_name, status, process.tail(output, 30)))
    if output.strip():
        detail(output.strip().splitlines()[-1])
