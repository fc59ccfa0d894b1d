"""Putting a release in service beside the one that serves, and taking that one out only then.

`current` is the one truth: until it flips a deployment that dies is undone, from then on it is finished (settling.py).
"""

import time

import app_env
import files
import gate
import hook
import logs
import process
from output import REFUSED, Failure, detail, step
from prune import prune
from state import require_complete

RETIREMENT_SECONDS = 2
# Within these, two releases that take connections from the public port have both been asked many times.
PUBLIC_ANSWER_SECONDS = 10


def activate(box, release):
    """Put `release` in service; Failure (1) if it is refused, and then the former release still serves."""
    require_complete(box.state, release.version)
    current = box.layout.current()
    again = current and current.version == release.version
    if again and serves(box, release):
        box.site.install(release)
        detail("nothing changed: %s is in service" % release.directory_name)
        return
    former = None if again else current
    app_env.warn(box.layout)
    box.state.log("activate", release.version, former=former.version if former else None)
    _switch(box, release, former, _leave if again else _withdraw)
    box.state.log("in service", release.version)
    prune(box.layout, box.state, former)


def serves(box, release):
    """Whether a release that should be in service is."""
    return box.manager.is_running(release) and gate.answer(gate.public(box.layout.public), release.health_path) == 200


def _switch(box, release, former, undo):
    log_end = logs.end(box.layout)
    box.manager.prepare(release)
    try:
        box.manager.guard(release)
        box.state.begin_switch(release.version)
        if not box.state.read_mark("good", release.version):
            hook.run(box.layout, release)
        _try_candidate(box, release)
        _start(box, release, former)
        box.site.install(release)
        _commit(box, release, former)
        box.layout.settings.confirm()
    except BaseException as reason:
        undo(box, release, former)
        if isinstance(reason, Failure):
            raise Failure(REFUSED, "%s\n%s%s" % (reason, logs.since(box.layout, log_end), _in_service(box)))
        raise
    retiring = _dismiss(box, former) if former else set()
    # It was dismissed long ago; here it is seen to that it has gone.
    box.manager.stop_candidate(release)
    _wait_for(retiring)
    box.state.end_switch()


def _in_service(box):
    """What people want to know after a refusal."""
    current = box.layout.current()
    if current and not box.manager.is_running(current):
        return "%s should be in service, but does not run" % current.directory_name
    return box.layout.still_serving() + ("" if current else app_env.advice(box.layout))


def _try_candidate(box, release):
    step("Trying %s where nobody sees it" % release.directory_name)
    box.manager.start_candidate(release)
    # What served once may only wait for something that starts at boot beside it.
    new = not box.state.read_mark("good", release.version)
    box.manager.pass_candidate_gate(release, gate.PATIENCE_WITH_ERRORS_SECONDS if new else gate.DEADLINE_SECONDS)
    box.manager.dismiss_candidate(release)


def _start(box, release, former):
    step("Starting %s%s" % (release.directory_name, " beside " + former.directory_name if former else ""))
    box.manager.start(release)
    box.manager.pass_gate(release, lambda: _begin_commit(box, release))
    found = _public_answer(box, release, PUBLIC_ANSWER_SECONDS if former else 0)
    if found != 200:
        where = "http://%s:%d%s" % (box.layout.public + (release.health_path,))
        raise Failure(REFUSED, "%s answers on %s with: %s" % (release.directory_name, where, found))


def _public_answer(box, release, seconds):
    """What came last from the public port, asked until it is 200: a former release that is unwell may answer too."""
    end = time.time() + seconds
    found = gate.answer(gate.public(box.layout.public), release.health_path)
    while found != 200 and time.time() < end:
        time.sleep(gate.INTERVAL_SECONDS)
        found = gate.answer(gate.public(box.layout.public), release.health_path)
    return found


def _begin_commit(box, release):
    """What takes long of the commit, and does no harm if there is none after all."""
    files.start_sync(box.layout.base)
    box.manager.announce(release)


def _commit(box, release, former):
    """The release is good. Everything that it needs is on disk before `current` points at it."""
    step("Switching over to %s" % release.directory_name)
    if not box.state.read_mark("good", release.version):
        box.state.mark("good", release.version, former=former.version if former else None)
    files.sync(box.layout.base)
    files.point(box.layout.current_link, release.directory_name)
    box.manager.make_default(release)
    files.sync(box.layout.base)


def _dismiss(box, former):
    """The former release takes no new request from now on. Its processes that may still be at work, as a set."""
    step("Letting %s finish its requests" % former.directory_name)
    pid = box.manager.main_pid(former)
    workers = process.children(pid) if pid else set()
    box.manager.dismiss(former)
    return workers


def _wait_for(retiring):
    """What they work on may take long, and the new release serves already."""
    left = process.wait_for_end(retiring, RETIREMENT_SECONDS)
    if left:
        detail("it is still at work on some (process %s), and ends with them" % ", ".join(map(str, sorted(left))))


def _withdraw(box, release, former):
    """Undo a refused switch-over, in the order in which nothing is missed: the former release never stopped."""
    if former:
        files.point(box.layout.current_link, former.directory_name)
    else:
        files.remove(box.layout.current_link)
    box.layout.settings.undo()
    box.site.undo()
    box.manager.withdraw(release, former)
    box.state.mark("bad", release.version)
    box.state.log("refused", release.version)
    box.state.end_switch()


def _leave(box, release, _former):
    """It was in service before, and stays what this box is for: what fails today, such as a database, comes back."""
    box.layout.settings.undo()
    box.site.undo()
    box.manager.leave(release)
    box.state.log("refused", release.version)
    box.state.end_switch()
