"""New workers for the gunicorn that runs."""

import os
import signal
import time

import gate
import process
from output import REFUSED, Failure, step

# gunicorn gives a worker graceful_timeout seconds, 30, to finish its requests
REPLACEMENT_SECONDS = 45


def replace(box, current):
    """Have the running gunicorn read its settings again; no request is lost. Failure (1) if it does not answer well."""
    step("Replacing the workers of %s" % current.directory_name)
    pid = box.manager.main_pid(current)
    former = process.children(pid)
    # gunicorn reads its settings again, starts new workers and lets the old ones finish (its documentation, Signals).
    os.kill(pid, signal.SIGHUP)
    end = time.time() + REPLACEMENT_SECONDS
    while former & process.children(pid):
        if time.time() > end:
            raise Failure(REFUSED, "process %d does not replace its workers; see logs/error.log" % pid)
        time.sleep(0.1)
    box.manager.pass_gate(current)
    found = gate.answer(gate.public(box.layout.public), current.health_path)
    if found != 200:
        raise Failure(REFUSED, "%s answers with: %s; see logs/error.log" % (current.directory_name, found))
