"""The application's own test.py, run in its release by its account before the release may serve."""

import os
from contextlib import contextmanager

import files
import process
from output import REFUSED, Failure, detail, step, warning

TIMEOUT_SECONDS = 600


def run(layout, release):
    """Run test.py if there is one; Failure (1) with the end of its output if it fails.

    It sees neither the box's app.env nor the environment of whoever deploys; its instance/ is an empty directory.
    """
    test = os.path.join(release.path, "test.py")
    if not os.path.exists(test):
        warning("the application has no test.py: nothing was tested before it is put in service")
        return
    step("Running the application's test.py")
    environment = {"HOME": layout.run, "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] = os.path.join(release.venv, "bin") + ":" + process.PATH
    account = process.Account(layout.username)
    command = [release.python, "-s", "test.py"]
    with _empty_data(layout, release, account):
        status, output = process.run(command, account, release.path, environment, TIMEOUT_SECONDS)
    if status:
        message = "test.py of %s failed:\n%s\n%s"
        raise Failure(REFUSED, message % (release.directory_name, process.tail(output, 30), layout.still_serving()))
    detail(output.strip().splitlines()[-1] if output.strip() else "passed")


@contextmanager
def _empty_data(layout, release, account):
    """The account makes and removes the directory itself: root works nowhere that others can change."""
    data = os.path.join(layout.run, "test-%s" % release.version)
    remove = ["rm", "-r", "-f", data]
    process.run(remove, account)
    process.run(["mkdir", "-m", "700", data], account)
    files.point(os.path.join(release.path, "instance"), data)
    try:
        yield
    finally:
        process.run(remove, account)
