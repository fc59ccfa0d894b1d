"""~USERNAME/NAME-vVERSION in root mode: a link to the release, so that the same commands work in both modes.

The account makes and removes it itself: root writes nothing where others can.
"""

import os

import process


def make(layout, release):
    """Link to a release, in the place of what the link led to before."""
    if layout.mode == "root":
        account = process.Account(layout.username)
        command = ["ln", "-s", "-n", "-f", release.path, os.path.join(account.home, release.directory_name)]
        process.run(command, account)


def remove(layout, path):
    """Remove what leads to a release; its path may be a pattern, as find(1) takes it."""
    if layout.mode == "root":
        account = process.Account(layout.username)
        process.run(["find", account.home, "-maxdepth", "1", "-lname", path, "-delete"], account)
