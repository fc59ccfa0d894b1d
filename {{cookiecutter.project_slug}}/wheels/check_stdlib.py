"""Import every module that the interpreter must have, and see that no library came from outside of it.

Usage: python check_stdlib.py BASE_LIBRARIES     (run by the interpreter that is tested; Python 2.7 and 3)
Environment: ABSENT     names of modules that cannot be had on this system, with spaces between; may be empty
Exit codes: 0 all is there; 1 what is missing is on stderr.
"""

from __future__ import print_function

import importlib
import os
import re
import sys

# The modules that configure leaves out silently where a library's headers are missing.
OPTIONAL_MODULES = {
    2: "bz2 crypt ctypes curses curses.panel _hashlib gdbm hashlib readline sqlite3 ssl termios zlib",
    3: "bz2 ctypes curses curses.panel dbm.gnu _hashlib lzma readline sqlite3 ssl termios uuid zlib",
}


def required_modules():
    """Return the names of the optional modules and of every extension module that was compiled."""
    names = OPTIONAL_MODULES[sys.version_info[0]].split()
    if sys.version_info >= (3, 7):
        names.append("_uuid")
    if sys.version_info >= (3, 14):
        names.append("_zstd")
    extensions = [path for path in sys.path if path.endswith("lib-dynload")][0]
    compiled = {name.split(".")[0] for name in os.listdir(extensions) if name.endswith(".so")}
    return sorted((set(names) | compiled) - set(os.environ.get("ABSENT", "").split()))


def import_failures(names):
    """Return one line for every module of names that does not import."""
    failures = []
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:
            failures.append("module {} does not import: {}".format(name, error))
    return failures


def foreign_libraries(base_libraries):
    """Return one line for every library in this process that neither the interpreter nor every system has.

    Source: /proc/PID/maps, proc(5): the sixth field is the mapped file; before glibc 2.34, libc-2.31.so for libc.so.6.
    """
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if ".so" in line and len(line.split(None, 5)) == 6}
    return [
        "library {} is taken from this system".format(path)
        for path in sorted(paths)
        if not path.startswith(sys.prefix + "/")
        and re.split(r"(?:-[0-9]+[.][0-9]+)?[.]so", os.path.basename(path))[0] not in base_libraries
    ]


def main():
    with open(sys.argv[1]) as lines:
        base_libraries = {line.strip() for line in lines if not line.startswith("#")}
    problems = import_failures(required_modules()) + foreign_libraries(base_libraries)
    for problem in problems:
        print("error: " + problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
