"""Taking the application out of service on purpose, so that neither a reboot nor cron starts it again."""

from output import CONFIGURATION, Failure, step


def stop(box):
    """Stop the release in service once its requests are finished; `current` stays. Failure (78) if there is none."""
    current = box.layout.current()
    if current is None:
        raise Failure(CONFIGURATION, "nothing is in service")
    step("Stopping %s" % current.directory_name)
    box.manager.uninstall()
    box.state.log("stopped", current.version)
    start = "sh %s/deploy/activate.sh" % box.layout.current_link
    step("%s is stopped, until it is started: %s" % (current.directory_name, start))
