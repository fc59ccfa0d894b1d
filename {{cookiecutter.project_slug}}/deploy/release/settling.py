"""Making a box agree with `current` again after a deployment was killed or the box went down in the midst of it."""

import workers
from output import Failure, detail, step, warning


def settle(box):
    """Start what `current` names, make it the boot default, and stop everything else.

    It may be interrupted and repeated at any point. Where `current` names nothing, nothing was in service, and
    nothing is left running.
    """
    step("Settling an interrupted switch-over")
    current = box.layout.current()
    restored = _restore_settings(box, current)
    if current:
        box.manager.prepare(current)
        box.manager.start(current)
        _tell_if_unwell(box, current)
        box.manager.make_default(current)
        box.site.install(current)
    if current and restored:
        workers.replace(box, current)
    for version in box.manager.candidates():
        box.manager.stop_candidate(box.layout.release(version))
    for version in box.manager.running():
        if not current or version != current.version:
            box.manager.stop(box.layout.release(version))
    if not current:
        box.manager.close()
    detail(box.layout.still_serving())
    box.state.log("settled", current.version if current else None)
    box.layout.settings.confirm()
    box.state.end_switch()


def _tell_if_unwell(box, current):
    """What was in service stays so: if it does not answer well, a later release may be what mends it."""
    try:
        box.manager.pass_gate(current)
    except Failure as reason:
        warning(str(reason))


def _restore_settings(box, current):
    """Go back to the former settings, unless new ones came with the release in service; True if it went back."""
    settings = box.layout.settings
    if not settings.unconfirmed() or (current and settings.in_force(current.version)):
        return False
    settings.restore()
    return True
