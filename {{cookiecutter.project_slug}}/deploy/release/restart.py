"""New workers after a change of shared/app.env, without losing a request and without a new release."""

import os
import signal

import app_env
import logs
import workers
from output import CONFIGURATION, REFUSED, Failure, step
from settling import settle


def restart(box):
    """Replace the workers of the release in service; Failure (1) if it does not pass the gate with the new settings.

    A candidate meets the new settings first. If it fails, the workers are left alone and keep the old ones.
    """
    if box.interrupted():
        settle(box)
    current = box.layout.current()
    if current is None:
        raise Failure(CONFIGURATION, "nothing is in service here; put a release in service: sh activate.sh VERSION")
    if not box.manager.is_running(current):
        start = "sh %s/deploy/activate.sh" % box.layout.current_link
        raise Failure(CONFIGURATION, "%s does not run; start it: %s" % (current.directory_name, start))
    try_settings(box, current)
    workers.replace(box, current)
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
    app_env.warn(box.layout)
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
