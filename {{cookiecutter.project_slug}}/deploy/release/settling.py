"""Making a box agree with `current` again after a deployment was killed or the box went down in the midst of it."""

from output import detail, step


def settle(box):
    """Start what `current` names, make it the boot default, and stop everything else.

    It may be interrupted and repeated at any point. Where `current` names nothing, nothing was in service, and
    nothing is left running.
    """
    step("Settling an interrupted switch-over")
    current = box.layout.current()
    if current:
        box.manager.prepare(current)
        box.manager.start(current)
        box.manager.pass_gate(current)
        box.manager.make_default(current)
        box.site.install(current)
    for version in box.manager.candidates():
        box.manager.stop_candidate(box.layout.release(version))
    for version in box.manager.running():
        if not current or version != current.version:
            box.manager.stop(box.layout.release(version))
    if not current:
        box.manager.close()
    detail(box.layout.still_serving())
    box.state.log("settled", current.version if current else None)
    box.state.end_switch()
