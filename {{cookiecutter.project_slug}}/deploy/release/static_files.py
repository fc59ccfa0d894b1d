"""STATIC_URL and STATIC_DIR of the bundle: files of the release that nginx gives out without asking the application."""

import os
import re

import files
from output import BAD_BUNDLE, Failure

# As in builder/settings.py: nothing in them means anything to nginx, and none leads out of the release.
URL = re.compile(r"/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)+\Z")
NAME = "[A-Za-z0-9_][A-Za-z0-9._-]*"
DIRECTORY = re.compile(r"(?!(instance|wheels|deploy)(/|\Z))%s(/%s)*\Z" % (NAME, NAME))


def settings(release):
    """STATIC_URL and STATIC_DIR, or None where the bundle has none; Failure (65) if no build wrote them."""
    url, directory = release.bundle.get("STATIC_URL"), release.bundle.get("STATIC_DIR")
    if not url and not directory:
        return None
    if not URL.match(url or "") or not DIRECTORY.match(directory or ""):
        raise Failure(BAD_BUNDLE, "BUNDLE says STATIC_URL=%s, STATIC_DIR=%s: not for nginx" % (url, directory))
    return url, directory


def location(layout, release):
    """nginx's block for them, "" where there are none."""
    found = settings(release)
    if not found:
        return ""
    template = os.path.join(release.box_files, "nginx-static.conf")
    return files.fill(template, name=layout.name, base=layout.base, static_url=found[0], static_dir=found[1])


def prepare(release):
    """Let them be as new as the installation: nginx tells browsers by date and size alone whether a file has changed.

    In a bundle all files have the same date. Failure (65) if the directory is not in the release.
    """
    found = settings(release)
    if not found:
        return
    top = os.path.join(release.path, found[1])
    if not os.path.isdir(top) or not os.path.realpath(top).startswith(os.path.realpath(release.path) + os.sep):
        raise Failure(BAD_BUNDLE, "STATIC_DIR=%s is no directory of %s" % (found[1], release.directory_name))
    for directory, _, names in os.walk(top):
        for path in [os.path.join(directory, name) for name in names]:
            if not os.path.islink(path):
                os.utime(path, None)
