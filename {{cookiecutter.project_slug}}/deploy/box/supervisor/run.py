"""Run supervisord or supervisorctl, with the packages that this release brought.

Usage: PYTHON -E -s -B run.py supervisord|supervisorctl [OPTION...]

They lie in BASE/supervisor-VERSION (and setuptools-VERSION for old Pythons), unpacked from deploy/wheels.
Without options supervisorctl asks the supervisord of this BASE: `run.py supervisorctl status`.

Exit codes: those of supervisord and supervisorctl.
"""

import glob
import os
import runpy
import sys

RELEASE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BASE = os.path.dirname(RELEASE)
CONFIGURATION = os.path.join(BASE, "state", "supervisor", "supervisord.conf")


def main(program, arguments):
    for wheel in glob.glob(os.path.join(RELEASE, "deploy", "wheels", "*.whl")):
        name_and_version = os.path.basename(wheel).split("-")[:2]
        sys.path.insert(0, os.path.join(BASE, "-".join(name_and_version)))
    sys.argv = [program, "--configuration", CONFIGURATION] + arguments
    runpy.run_module("supervisor." + program, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
