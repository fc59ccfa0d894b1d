"""New settings of the box for the release that is in service already."""

import restart
import workers
from output import REFUSED, Failure


def record(box, release, text):
    """Remember new settings for a release that is to have them; True if that changed any.

    What a kill leaves of them is settled: from here on somebody waits for the end of this process.
    """
    settings = box.layout.settings
    if not settings.change(text):
        return False
    current = box.layout.current()
    if current:
        box.manager.guard(current)
    settings.record(text, release.version, current.version if current else None)
    return True


def reconfigure(box, release):
    """Apply the recorded settings; Failure (1) if the release is refused with them, and then the former ones hold."""
    settings = box.layout.settings
    try:
        restart.try_settings(box, release)
        _apply(box, release)
    except BaseException as reason:
        settings.restore()
        box.site.undo()
        _apply(box, release)
        settings.confirm()
        if isinstance(reason, Failure):
            raise Failure(REFUSED, "%s\nthe settings are as before" % reason)
        raise
    settings.confirm()
    box.state.log("settings", release.version)


def _apply(box, release):
    box.manager.prepare(release)
    if box.manager.needs_new_port():
        box.manager.start(release)
        box.manager.pass_gate(release)
    else:
        workers.replace(box, release)
    box.site.install(release)
