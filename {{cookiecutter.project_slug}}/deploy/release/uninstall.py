"""Taking everything away that setup.sh brought; what the application's people made stays unless they say otherwise."""

import glob
import os
import re
import shutil
import sys

import crontab
import files
import home_link
import logrotation
import process
from output import USAGE, Failure, detail, plain, step

# The box's, not the application's: without it the next setup.sh would take bundles that nobody signed.
RELEASE_KEY = "release-key.pem"
INTERPRETER = re.compile(r"python-[0-9.]+-[0-9a-f]{12}\Z")


def uninstall(box, confirmed, remove_shared):
    """Stop the application and remove it; with `remove_shared` its settings, data and logs too.

    Failure (64) where nobody says yes.
    """
    layout = box.layout
    kept = "with its settings, data and logs" if remove_shared else "but shared/ and logs/"
    if not confirmed:
        _ask("remove %s from %s, %s?" % (layout.name, layout.base, kept))
    step("Stopping %s" % layout.name)
    box.manager.uninstall()
    step("Removing %s, %s" % (layout.name, kept))
    box.site.remove()
    logrotation.remove(layout)
    if layout.mode == "user":
        crontab.remove(logrotation.path(layout))
    _remove_accounts_own(layout, remove_shared)
    _remove_installed(layout)
    _remove_state(layout, remove_shared)
    if layout.mode == "root" and not os.listdir(layout.base):
        os.rmdir(layout.base)


def _ask(question):
    if not sys.stdin.isatty():
        raise Failure(USAGE, "%s nobody is here to answer: CONFIRM=yes, or --yes" % question)
    plain(question + " (yes or no)")
    if sys.stdin.readline().strip() != "yes":
        raise Failure(USAGE, "not confirmed; nothing was changed")


def _remove_accounts_own(layout, remove_shared):
    """The account empties its directories itself: root works nowhere that others can change."""
    account = process.Account(layout.username)
    for path in [layout.run] + ([layout.shared, layout.logs] if remove_shared else []):
        if os.path.isdir(path):
            process.run(["find", path, "-mindepth", "1", "-delete"], account)
            os.rmdir(path)
    home_link.remove(layout, os.path.join(layout.base, layout.name + "-v*"))


def _remove_installed(layout):
    """The interpreter that runs this goes after the releases."""
    entries = [entry for entry in os.listdir(layout.base) if entry.startswith(layout.name + "-v")]
    # In user mode BASE is a home, where the tarballs may lie too.
    releases = [entry for entry in entries if os.path.isdir(os.path.join(layout.base, entry))]
    packages = {package for entry in releases for package in _packages(os.path.join(layout.base, entry))}
    interpreters = [entry for entry in os.listdir(layout.base) if INTERPRETER.match(entry)]
    files.remove(layout.current_link)
    for entry in releases + sorted(packages) + interpreters:
        detail(os.path.join(layout.base, entry))
        shutil.rmtree(os.path.join(layout.base, entry))


def _remove_state(layout, remove_shared):
    """The release key stays with shared/; of what this command holds, the lock, nothing is needed any more."""
    for entry in os.listdir(layout.state):
        path = os.path.join(layout.state, entry)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif entry != RELEASE_KEY or remove_shared:
            os.unlink(path)
    if not os.listdir(layout.state):
        os.rmdir(layout.state)


def _packages(release):
    """The names in BASE of what supervisord.py unpacked for a release."""
    wheels = glob.glob(os.path.join(release, "deploy", "wheels", "*.whl"))
    names = ["-".join(os.path.basename(wheel).split("-")[:2]) for wheel in wheels]
    return [name for name in names if os.path.isdir(os.path.join(os.path.dirname(release), name))]
