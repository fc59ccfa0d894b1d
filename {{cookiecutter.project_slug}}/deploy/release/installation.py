"""From an unpacked bundle to a complete release."""

import os

import environment
import files
import home_link
import manifest
import process
import selftest
import static_files
from output import Failure


def install(layout, state, release):
    """Make the release complete: directories, virtual environment, wheels, the application's own test.

    Failure leaves it incomplete, so that the next setup.sh starts it afresh.
    """
    state.log("install", release.version)
    # The disk takes what was unpacked while the processor is busy; what comes after is little.
    flushing = files.start_sync(layout.base)
    manifest.check(release, layout.base)
    _make_directories(layout)
    environment.create(release)
    static_files.prepare(release)
    try:
        selftest.run(layout, release)
    except Failure:
        state.mark("bad", release.version)
        raise
    files.point(os.path.join(release.path, "instance"), os.path.join(layout.shared, "data"))
    home_link.make(layout, release)
    flushing.wait()
    files.sync(layout.base)
    state.mark("complete", release.version)


def _make_directories(layout):
    """shared, logs and run are the account's own; everything else in BASE stays with whoever installs."""
    account = process.Account(layout.username)
    for path in (layout.shared, layout.logs, layout.run):
        if not os.path.lexists(path):
            os.mkdir(path, 0o750)
            os.chown(path, account.uid, account.gid)
    # Within them root makes nothing: the account could put a link in its place at any moment.
    process.run(["mkdir", "-m", "750", os.path.join(layout.shared, "data")], account)
    _make_app_env(layout, account)


def _make_app_env(layout, account):
    """An empty shared/app.env for its owner to fill; what is there stays. The account makes it itself."""
    command = '[ -e "$1" ] || [ -L "$1" ] || (umask 077 && printf "%s\\n" "$2" >"$1")'
    comment = "# Settings and secrets of the app on this box, KEY=value lines; then: activate.sh --restart"
    process.run(["/bin/sh", "-c", command, "sh", os.path.join(layout.shared, "app.env"), comment], account)
