"""MANIFEST: what type, mode and link target every member of a bundle has.

setup.sh has compared the files' names and contents already, before it ran this interpreter. Paths are bytes here:
an old Python cannot name every file in the C locale.
"""

import os
import stat

import native
from output import BAD_BUNDLE, Failure


def check(release, base):
    """Compare types, modes and link targets with MANIFEST; Failure (65) names the first that differs."""
    with open(os.path.join(release.path, "MANIFEST"), "rb") as manifest:
        for line in manifest:
            expected = line.rstrip(b"\n")
            path = expected.split(b" ", 2)[2].partition(b" -> ")[0]
            found = describe(base.encode("utf-8"), path)
            if found != expected:
                message = b"MANIFEST says '" + expected + b"', but there is '" + found + b"'"
                raise Failure(BAD_BUNDLE, native.text(message))


def describe(base, path):
    """The MANIFEST line of what lies at BASE/path now, as bytes like both arguments."""
    full_path = os.path.join(base, path)
    try:
        status = os.lstat(full_path)
    except OSError:
        return b"nothing at " + path
    if stat.S_ISLNK(status.st_mode):
        return b"l 0777 " + path + b" -> " + os.readlink(full_path)
    kind = "d" if stat.S_ISDIR(status.st_mode) else "f" if stat.S_ISREG(status.st_mode) else "other"
    return ("%s %04o " % (kind, stat.S_IMODE(status.st_mode))).encode("ascii") + path
