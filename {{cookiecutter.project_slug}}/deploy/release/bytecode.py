"""Byte-code for what is installed, made once: a release writes none while it runs."""

import os
import shutil
import subprocess

import process

PROCESSORS = os.sysconf("SC_NPROCESSORS_ONLN")
# What is left to compile after these, all processors share; for less it is not worth starting a process on each.
LAST_SECONDS = 0.1


class Ahead(object):
    """Has `python` compile wheels at `place` while pip installs them, on all processors but pip's own."""

    def __init__(self, python, wheels, place, site_packages):
        self._place, self._site_packages = place, site_packages
        shutil.rmtree(place, ignore_errors=True)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wheel_bytecode.py")
        # The largest ones apart from each other.
        wheels = sorted(wheels, key=os.path.getsize)
        others = PROCESSORS - 1
        shares = {os.path.join(place, str(first)): wheels[first::others] for first in range(others)}
        command = [python, "-E", "-s", "-B", script]
        self._compilers = {own: _start(command + [own, site_packages] + shares[own]) for own in shares if shares[own]}

    def put_in_place(self):
        """Move to its place what is compiled by now, of all that pip has installed just as it was compiled."""
        process.wait_for_end([compiler.pid for compiler in self._compilers.values()], LAST_SECONDS)
        self._stop()
        for place in self._compilers:
            for directory, _, names in os.walk(place):
                if os.path.basename(directory) == "__pycache__":
                    self._move(directory, os.path.join(self._site_packages, os.path.relpath(directory, place)), names)

    def end(self):
        """Remove what was not put in place."""
        self._stop()
        shutil.rmtree(self._place, ignore_errors=True)

    def _stop(self):
        for compiler in self._compilers.values():
            if compiler.poll() is None:
                compiler.terminate()
                compiler.wait()

    def _move(self, directory, target, names):
        # One that was being written has another ending yet.
        for name in [name for name in names if name.endswith(".pyc")]:
            source = os.path.join("..", name.split(".")[0] + ".py")
            if _same(os.path.join(directory, source), os.path.join(os.path.dirname(target), os.path.basename(source))):
                if not os.path.isdir(target):
                    os.mkdir(target)
                os.rename(os.path.join(directory, name), os.path.join(target, name))


def _same(path, other):
    try:
        with open(path, "rb") as file, open(other, "rb") as installed:
            return file.read() == installed.read()
    except EnvironmentError:
        return False


def compile_tree(python, tree):
    """Have `python` compile every module below `tree` that has no byte code yet, on all processors.

    What it cannot compile is passed over, as by pip.
    """
    paths = sorted(_modules(tree.encode("utf-8")))
    shares = [paths[first::PROCESSORS] for first in range(PROCESSORS)]
    # Without any path compileall would compile what is on sys.path.
    command = [python, "-E", "-s", "-B", "-m", "compileall", "-q", "-i", "-"]
    compilers = [_start(command, b"\n".join(share) + b"\n") for share in shares if share]
    for compiler in compilers:
        compiler.wait()


def _modules(tree):
    """Paths as bytes: an old Python cannot name every file in the C locale."""
    for directory, _, names in os.walk(tree):
        compiled = {name.split(b".")[0] for name in _names(os.path.join(directory, b"__pycache__"))}
        for name in names:
            if name.endswith(b".py") and b"\n" not in name and name[: -len(b".py")] not in compiled:
                yield os.path.join(directory, name)


def _names(directory):
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _start(command, given=b""):
    with open(os.devnull, "w") as null:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=null, stderr=null, close_fds=True)
    child.stdin.write(given)
    child.stdin.close()
    return child
