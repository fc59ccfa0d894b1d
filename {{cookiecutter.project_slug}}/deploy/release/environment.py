"""The virtual environment of a release: made by the bundle's interpreter, filled from the bundle's wheels alone."""

import errno
import glob
import os
import shutil
import tempfile

import bytecode
import process
from output import BAD_BUNDLE, WRITE_FAILED, Failure, detail, step


def create(release):
    """Make the virtual environment from nothing; Failure (65) if a wheel is missing or not the listed one.

    Failure (73) where the disk is full.
    """
    step("Making the virtual environment of %s" % release.directory_name)
    shutil.rmtree(release.venv, ignore_errors=True)
    if release.bundle["PYTHON"].startswith("2."):
        _make_with_virtualenv(release)
    else:
        _make_with_venv(release)
    compiling = _start_compiling(release)
    try:
        _install_wheels(release)
        compiling.put_in_place()
    finally:
        compiling.end()
    bytecode.compile_tree(release.interpreter, release.venv)
    _make_read_only(release.venv)


def _make_with_venv(release):
    """By this process, which the bundle's interpreter runs: to start another one takes longer than the work."""
    import venv

    venv.create(release.venv, symlinks=True)


def _make_with_virtualenv(release):
    """Python 2 has no venv: its interpreter brings virtualenv, which keeps notes in its home."""
    home = tempfile.mkdtemp()
    try:
        command = [release.interpreter, "-s", "-B", "-m", "virtualenv", "--no-seed", release.venv]
        _run(command, HOME=home, PYTHONPATH=_packages_of_the_interpreter(release))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _packages_of_the_interpreter(release):
    """Where pip and virtualenv lie, also of an interpreter that the box itself provides."""
    (found,) = glob.glob(os.path.join(release.interpreter_directory, "lib", "python*", "site-packages"))
    return found


def _start_compiling(release):
    """Byte code that needs no source's time came with Python 3.7 (PEP 552); older ones compile nothing ahead."""
    numbers = [int(number) for number in release.bundle["PYTHON"].split(".")[:2]]
    wheels = glob.glob(os.path.join(release.path, "wheels", "*.whl")) if numbers >= [3, 7] else []
    (packages,) = glob.glob(os.path.join(release.venv, "lib", "python*", "site-packages"))
    return bytecode.Ahead(release.interpreter, wheels, release.venv + ".compiled", packages)


def _install_wheels(release):
    wheels = os.path.join(release.path, "wheels")
    detail("%d wheels" % len(glob.glob(os.path.join(wheels, "*.whl"))))
    # The interpreter's pip, executed by the environment's python: the environment needs no pip of its own.
    pip = [os.path.join(_packages_of_the_interpreter(release), "pip")]
    options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-index", "--find-links", wheels]
    options += [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-deps",
        "--ignore-installed",
        "--no-warn-script-location",
        "--no-compile",
    ]
    listed = os.path.join(wheels, "installed.txt")
    command = [release.python, "-E", "-s", "-B"] + pip + ["install", "--quiet", "--requirement", listed]
    # With the box's programs it would ask lsb_release and rustc what to tell an index of this machine.
    _run(command + options, PATH=os.path.join(release.venv, "bin"))


def _run(command, **variables):
    status, output = process.run(command, environment=dict(variables, PYTHONDONTWRITEBYTECODE="1"))
    if status:
        code = WRITE_FAILED if os.strerror(errno.ENOSPC) in output else BAD_BUNDLE
        raise Failure(code, "%s failed:\n%s" % (" ".join(command[:4]), process.tail(output)))


def _make_read_only(tree):
    for directory, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & ~0o222)
