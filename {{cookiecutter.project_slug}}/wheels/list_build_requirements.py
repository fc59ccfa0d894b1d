"""Write what building a source distribution needs, one requirement a line.

Usage: python list_build_requirements.py stated|asked SOURCE OUTPUT     (Python 2.7 and 3)
  stated   what its pyproject.toml says (PEP 518)
  asked    what its build backend asks for besides (PEP 517, get_requires_for_build_wheel), such as setup_requires of
           a setup.py; needs on PYTHONPATH what is stated
  SOURCE   directory with the source distribution's own directory in it
Exit codes: 0 done; 1 the backend failed.
"""

from __future__ import unicode_literals

import io
import os
import sys

# Every pip has both a parser of TOML and PEP 517's front end; which ones depends on its version.
try:
    import tomllib
except ImportError:  # before Python 3.11
    try:
        from pip._vendor import tomli as tomllib
    except ImportError:
        from pip._vendor import toml as tomllib
try:
    from pip._vendor.pyproject_hooks import BuildBackendHookCaller as Backend
except ImportError:  # before pip 23.1
    from pip._vendor.pep517.wrappers import Pep517HookCaller as Backend

# PEP 518 and 517: what holds for a source distribution that says nothing.
DEFAULT_REQUIRES = ["setuptools", "wheel"]
DEFAULT_BACKEND = "setuptools.build_meta:__legacy__"


def build_system(source):
    """Return the [build-system] table of an unpacked source distribution."""
    path = os.path.join(source, "pyproject.toml")
    if not os.path.isfile(path):
        return {}
    with io.open(path, encoding="utf-8") as stream:
        return tomllib.loads(stream.read()).get("build-system", {})


def stated(source):
    """Return what pyproject.toml states, or the default.

    wheel is always there: setuptools before 70.1 asks for it only while it builds, and a second round costs time.
    """
    return set(build_system(source).get("requires", DEFAULT_REQUIRES)) | {"wheel"}


def asked(source):
    """Return what the build backend asks for besides."""
    table = build_system(source)
    backend = Backend(source, table.get("build-backend", DEFAULT_BACKEND), table.get("backend-path"))
    return set(backend.get_requires_for_build_wheel()) - stated(source)


def main():
    which, top, output = sys.argv[1:]
    (name,) = os.listdir(top)
    lines = {"stated": stated, "asked": asked}[which](os.path.join(top, name))
    with io.open(output, "w", encoding="utf-8") as stream:
        stream.write("".join(line + "\n" for line in sorted(lines)))


if __name__ == "__main__":
    main()
