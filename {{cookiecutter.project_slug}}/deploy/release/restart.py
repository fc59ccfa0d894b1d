"""New workers after a change of shared/app.env, without losing a request and without a new release."""

import os
import signal
import time

import gate
import logs
import process
from output import CONFIGURATION, REFUSED, Failure, step
from settling import settle

# gunicorn gives a worker graceful_timeout seconds, 30, to finish its requests
REPLACEMENT_SECONDS = 45


def restart(box):
    """Replace the workers of the release in service; Failure (1) if it does not pass the gate with the new settings.

    A candidate meets the new settings first. If it fails, the workers are left alone and keep the old ones.
    """
    if box.state.interrupted_switch():
        settle(box)
    current = box.layout.current()
    if current is None or not box.manager.is_running(current):
        raise Failure(CONFIGURATION, "nothing runs here; put a release in service: sh activate.sh VERSION")
    try_settings(box, current)
    replace_workers(box, current)
    box.state.log("restarted", current.version)


def reopen_logs(box):
    """Have every gunicorn that runs write to new log files; its own workers follow it."""
    for version in box.manager.running():
        pid = box.manager.main_pid(box.layout.release(version))
        if pid is not None:
            os.kill(pid, signal.SIGUSR1)


def try_settings(box, current):
    """Failure (1) if the release does not pass the gate with the settings as they are now; nobody sees it try."""
    step("Trying %s with the new settings" % current.directory_name)
    log_end = logs.end(box.layout)
    try:
        box.manager.guard(current)
        box.state.begin_switch(current.version)
        box.manager.start_candidate(current)
        box.manager.pass_candidate_gate(current)
    except Failure as reason:
        shown = "%s\n%sthe workers in service keep their old settings; mend shared/app.env"
        raise Failure(REFUSED, shown % (reason, logs.since(box.layout, log_end)))
    finally:
        box.manager.stop_candidate(current)
        box.state.end_switch()


def replace_workers(box, current):
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
