"""The part of a deployment that needs a Python; run by the bundle's own interpreter.

Usage: python release COMMAND [--lock-file-descriptor N] BASE NAME [VERSION]

The commands are those of activate.sh, whose header describes them, and install, which setup.sh calls.
"""

import argparse
import os
import signal
import sys

import logrotation
import output
import reconfiguration
import restart
import rollback
import status
import stopping
import uninstall
import unserved
from activation import activate
from box import Box
from installation import install
from settling import settle


def main(arguments):
    options = _parse(arguments)
    os.umask(0o022)
    _turn_signals_into_exits()
    box = Box(options.base, options.name, options.person)
    if options.command not in WITHOUT_LOCK:
        purpose = " ".join(filter(None, [options.command, options.version, "by", options.person]))
        box.state.lock(purpose, options.lock_file_descriptor, wait=options.command == "settle")
    COMMANDS[options.command](box, options)


def run_install(box, options):
    release = box.layout.release(options.version)
    install(box.layout, box.state, release)
    put_in_service(box, release, options.settings)


def run_activate(box, options):
    put_in_service(box, box.layout.release(options.version), options.settings)


def run_rollback(box, options):
    put_in_service(box, rollback.choose(box.layout, box.state, options.version))


def put_in_service(box, release, settings=""):
    """With new settings of the box, which are forgotten if the release is refused."""
    if not release.serves:
        unserved.use(box, release)
        output.step("%s is in use: %s" % (release.directory_name, box.layout.current_link))
        return
    if box.interrupted():
        settle(box)
    changed = reconfiguration.record(box, release, settings)
    current = box.layout.current()
    if changed and current and current.version == release.version and box.manager.is_running(release):
        reconfiguration.reconfigure(box, release)
    else:
        _activate(box, release)
    logrotation.install(box.layout, release)
    output.step("%s is in service" % release.directory_name)


def _activate(box, release):
    try:
        activate(box, release)
    except BaseException:
        box.layout.settings.undo()
        raise


def run_settle(box, _options):
    if box.interrupted():
        settle(box)


def run_restart(box, _options):
    restart.restart(box)
    output.step("The workers have the settings of shared/app.env")


def run_reopen_logs(box, _options):
    restart.reopen_logs(box)


def run_stop(box, _options):
    if box.interrupted():
        settle(box)
    stopping.stop(box)


def run_uninstall(box, options):
    uninstall.uninstall(box, options.yes, options.remove_shared)
    output.step("%s is removed" % box.layout.name)


def run_status(box, options):
    status.show(box, options.json)


COMMANDS = {
    "install": run_install,
    "activate": run_activate,
    "rollback": run_rollback,
    "settle": run_settle,
    "restart": run_restart,
    "stop": run_stop,
    "reopen-logs": run_reopen_logs,
    "status": run_status,
    "uninstall": run_uninstall,
}
# These change nothing of what a deployment works on, and must not wait for its end.
WITHOUT_LOCK = ("reopen-logs", "status")


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="release")
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("base")
    parser.add_argument("name")
    parser.add_argument("version", nargs="?")
    parser.add_argument("--person", default="unknown", help="who asked for it, for the records")
    parser.add_argument("--json", action="store_true", help="status: for programs")
    parser.add_argument("--yes", action="store_true", help="uninstall: do not ask")
    parser.add_argument("--remove-shared", action="store_true", help="uninstall: settings, data and logs too")
    parser.add_argument("--settings", default="", help="new settings of the box, KEY=value lines")
    parser.add_argument("--lock-file-descriptor", type=int)
    return parser.parse_args(arguments)


def _turn_signals_into_exits():
    """So that an interrupted switch-over is undone like a failed one; a lost connection does not interrupt it."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(output.INTERNAL))


def run():
    try:
        main(sys.argv[1:])
    except output.Failure as failure:
        output.error(str(failure))
        return failure.status
    except EnvironmentError as reason:
        output.error("%s; what was in service still is" % reason)
        return output.WRITE_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(run())
