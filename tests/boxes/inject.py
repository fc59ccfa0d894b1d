"""Runs in a box: runs the release code, and makes one of its steps fail, or kills the process before it.

Usage: python inject.py count|kill|fail STEP RELEASE_CODE [ARGUMENT…]

A step is a call that changes the box: a command, a file written, removed or linked, a flush to disk.
`fail` raises OSError as a full disk does. On a normal end the number of steps is printed last, as "steps: N".
"""

import errno
import os
import runpy
import signal
import sys

mode, wanted, code = sys.argv[1], int(sys.argv[2]), sys.argv[3]
sys.path.insert(0, code)
sys.argv = [code] + sys.argv[4:]
steps = 0


def is_question(function, arguments):
    """Asking changes nothing, and how often the gate asks depends on the time."""
    if function == "call":
        return arguments[1].startswith("get")
    return function == "run" and set(arguments[0]) & {"show", "is-active", "list-units", "-l"}


def injected(name, function):
    def call(*arguments, **options):
        global steps
        if not is_question(name, arguments):
            steps += 1
            if steps == wanted:
                print(f"step {steps}: {name} {arguments}")
                sys.stdout.flush()
                strike()
        return function(*arguments, **options)

    return call


def strike():
    if mode == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "fail":
        raise OSError(errno.ENOSPC, "No space left on device, on purpose")


import files  # noqa: E402
import process  # noqa: E402
from supervisord import Supervisord  # noqa: E402

STEPS = ((files, ("write", "remove", "point", "sync")), (process, ("run",)), (Supervisord, ("call",)))
for module, names in STEPS:
    for name in names:
        setattr(module, name, injected(name, getattr(module, name)))
try:
    runpy.run_path(code, run_name="__main__")
finally:
    print(f"steps: {steps}")
