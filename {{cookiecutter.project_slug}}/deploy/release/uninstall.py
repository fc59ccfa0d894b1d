"""Taking everything away that setup.sh brought; what the application's people made stays unless they say otherwise."""

import glob
import os
import re
import shutil
import sys

import crontab
import files
import logrotation
import process
from output import USAGE, Failure, detail, plain, step

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
    _remove_rest(layout)


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
    if layout.mode == "root":
        pattern = os.path.join(layout.base, layout.name + "-v*")
        process.run(["find", account.home, "-maxdepth", "1", "-lname", pattern, "-delete"], account)


def _remove_rest(layout):
    """The interpreter that runs this goes after the releases, the lock last of all."""
    releases = [entry for entry in os.listdir(layout.base) if entry.startswith(layout.name + "-v")]
    packages = {package for entry in releases for package in _packages(os.path.join(layout.base, entry))}
    interpreters = [entry for entry in os.listdir(layout.base) if INTERPRETER.match(entry)]
    files.remove(layout.current_link)
    for entry in releases + sorted(packages) + interpreters:
        detail(os.path.join(layout.base, entry))
        shutil.rmtree(os.path.join(layout.base, entry))
    shutil.rmtree(layout.state)
    if layout.mode == "root" and not os.listdir(layout.base):
        os.rmdir(layout.base)


def _packages(release):
    """The names in BASE of what supervisord.py unpacked for a release."""
    wheels = glob.glob(os.path.join(release, "deploy", "wheels", "*.whl"))
    names = ["-".join(os.path.basename(wheel).split("-")[:2]) for wheel in wheels]
    return [name for name in names if os.path.isdir(os.path.join(os.path.dirname(release), name))]
