"""The byte code of wheels, made while pip installs them; Python 3.7 and newer.

Usage: python wheel_bytecode.py PLACE SITE_PACKAGES WHEEL...

PLACE receives the wheels' modules and their byte code, which names SITE_PACKAGES as where they lie, for tracebacks.
It is never compared with its source (PEP 552), so the time at which pip writes that does not matter.
"""

import compileall
import py_compile
import sys
import zipfile


def main(place, site_packages, *wheels):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place, [name for name in archive.namelist() if name.endswith(".py")])
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(place, maxlevels=100, ddir=site_packages, quiet=2, invalidation_mode=unchecked)


if __name__ == "__main__":
    main(*sys.argv[1:])
