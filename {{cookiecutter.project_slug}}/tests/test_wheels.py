"""Does the release have the wheels that were shipped with it, and no others?"""

import os
import re

from expected import normalise
from judgement import ANEW, listing, not_applicable, require_none

from wheels import script_hashes

REMEDY = f"find out who did it; {ANEW}"
# What `python -m venv` and virtualenv put in beside the wheels; that of 3.14 adds a python whose name begins with a pi.
ITS_OWN = re.compile(
    r"(bin|include(/python[0-9.]+)?|lib|lib64|pyvenv\.cfg|\.gitignore"
    r"|bin/(python[0-9.]*(-config)?|\U0001D70Bthon|(de)?[aA]ctivate[A-Za-z_.0-9]*)"
    r"|lib/python[0-9.]+/site-packages/_virtualenv\.(pyc?|pth))\Z"
)


def test_wheels(box, bundle):
    """every wheel of the bundle is installed in its version"""
    wrong = [
        f"{name} {box.packages.get(name, 'missing')} (not {version})"
        for name, version in bundle.wheels.items()
        if box.packages.get(name) != version
    ]
    require_none(
        wrong, expected=f"the {len(bundle.wheels)} packages of wheels/installed.txt", remedy=ANEW
    )


def test_no_other_packages(box, bundle):
    """no package is installed that the bundle did not bring"""
    others = [f"{name} {version}" for name, version in box.packages.items() if name not in bundle.wheels]
    require_none(
        others,
        expected=f"nothing but wheels/installed.txt in {bundle.release}/venv",
        remedy="put what the app needs into requirements.txt and build; install this release again",
    )


def test_files(box, bundle):
    """every file of every wheel is installed as its RECORD lists it"""
    right = {name for name, version in bundle.wheels.items() if box.packages.get(name) == version}
    wrong = [
        f"{path} ({'changed' if path in box.environment else 'missing'})"
        for path, allowed in _allowed(box, bundle, right).items()
        if box.hashes.get(f"{bundle.release}/venv/{path}") not in allowed
    ]
    require_none(
        wrong,
        expected=f"{len(bundle.environment.files())} files in {bundle.release}/venv, as the wheels have them",
        remedy=REMEDY,
    )


def test_no_other_files(box, bundle):
    """no file was added to the wheels' files"""
    expected = bundle.environment.files()
    directories = {parent for path in expected for parent in _parents(path)}
    added = [
        path
        for path in box.environment
        if path not in expected
        and path not in directories
        and not ITS_OWN.match(path)
        and not _is_byte_code_of(path, expected)
        and not _is_of_virtualenv(path, bundle)
        and not _is_of_another_package(path, bundle)
    ]
    require_none(
        added, expected=f"in {bundle.release}/venv what the wheels hold, and nothing else", found="added", remedy=REMEDY
    )


def test_read_only(box, bundle):
    """no file of a wheel can be written"""
    writable = [
        f"{path} ({member.mode:04o})"
        for path, member in box.environment.items()
        if (member.kind == "f" and member.mode & 0o222) or (member.kind == "d" and member.mode & 0o022)
    ]
    require_none(writable, expected=f"files without a write permission in {bundle.release}/venv", remedy=REMEDY)


def test_supervisor(box, bundle):
    """supervisor's files are those that were shipped"""
    there = {path.split("/")[0] for path in box.members if path.split("/")[0] in _directories(bundle)}
    if not there:
        not_applicable("supervisor is not used here")
    wrong = [path for path, digest in bundle.support.items() if box.hashes.get(path) != digest]
    added = [path for path, member in box.members.items() if member.kind == "f" and path.split("/")[0] in there]
    wrong += [f"{path} (added)" for path in added if path not in bundle.support]
    require_none(
        wrong,
        expected=f"the files of {listing(_directories(bundle))}",
        found="changed, missing or added",
        remedy=f"{REMEDY}, after that directory is gone",
    )


def _allowed(box, bundle, right):
    """The hashes that each file of the wheels in `right` may have."""
    allowed = {path: {digest} for path, (name, digest) in bundle.environment.hashes.items() if normalise(name) in right}
    python = f"{box.base}/{bundle.release}/venv/bin/python"
    return {**allowed, **{path: script_hashes(texts, python) for path, texts in bundle.environment.scripts.items()}}


def _parents(path):
    while path := os.path.dirname(path):
        yield path


def _is_byte_code_of(path, expected):
    """pip compiles what it installs: PATH/__pycache__/NAME.cpython-311.pyc, with Python 2.7 PATH/NAME.pyc."""
    directory, name = os.path.split(path)
    if name == "__pycache__":
        return any(os.path.dirname(source) == directory for source in expected)
    if os.path.basename(directory) == "__pycache__":
        directory = os.path.dirname(directory)
    source = os.path.join(directory, name.split(".")[0] + ".py")
    return name.endswith(".pyc") and source in expected


def _is_of_virtualenv(path, bundle):
    """For Python 2 it links and copies the standard library, whose files are checked where they come from."""
    return bundle.python.startswith("2.") and not re.match(r"bin/|.*/site-packages/", path)


def _is_of_another_package(path, bundle):
    """Of one that is named already, by the check of packages."""
    match = re.match(r".*/site-packages/([^/]+)-[^-/]+\.dist-info(/|\Z)", path)
    return match and normalise(match[1]) not in bundle.wheels


def _directories(bundle):
    return {path.split("/")[0] for path in bundle.support}
