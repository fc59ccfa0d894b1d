"""New settings of the box for the release that is in service already."""

import restart
from output import REFUSED, Failure


def reconfigure(box, release):
    """Apply the recorded settings; Failure (1) if the release is refused with them, and then the former ones hold."""
    try:
        restart.try_settings(box, release)
        _apply(box, release)
    except Failure as reason:
        box.layout.settings.undo()
        box.site.undo()
        _apply(box, release)
        raise Failure(REFUSED, "%s\nthe settings are as before" % reason)
    box.state.log("settings", release.version)


def _apply(box, release):
    box.manager.prepare(release)
    if box.manager.needs_new_port():
        box.manager.start(release)
        box.manager.pass_gate(release)
    else:
        restart.replace_workers(box, release)
    box.site.install(release)
