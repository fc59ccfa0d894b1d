"""Deploy a bundle with pyinfra: to the first box alone, then to the others in batches, no further than a failure.

Usage: PYTHON deploy/fleet --app NAME --version VERSION [OPTION…] --bundle TARBALL… -- HOST…
  ship.sh, which checks all of these, calls it; its header describes them and the exit codes.
"""

import argparse
import logging
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import gevent  # noqa: E402
from fleet.batch import Batch  # noqa: E402
from fleet.stopped import Stopped  # noqa: E402

from fleet import bundles  # noqa: E402

INTERRUPTED = 130  # what a shell reports of a program that SIGINT ended


def main(arguments: list[str]) -> int:
    """Returns the exit code: that of the first box that failed."""
    logging.getLogger("pyinfra").addHandler(logging.NullHandler())
    wanted = parse(arguments)
    try:
        available = [bundles.read(path) for path in wanted.bundle]
    except Stopped as reason:
        print(f"error: {reason}", file=sys.stderr)
        return reason.code
    outcomes = deploy(wanted, available)
    if len(wanted.hosts) > 1:
        report(wanted, outcomes)
    return next((code for code in outcomes.values() if code), 0)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fleet", allow_abbrev=False)
    parser.add_argument("--app", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--check", action="store_true", help="only ask what the boxes lack")
    parser.add_argument("--dry-run", action="store_true", help="only tell what would happen")
    parser.add_argument("--whole", action="store_true", help="upload no delta")
    parser.add_argument("--small", action="store_true", help="upload the .tar.xz, where no delta will do")
    parser.add_argument("--username", help="default: the account that logs in")
    parser.add_argument("--mode", choices=("root", "user"), help="default: root where the login can be")
    parser.add_argument("--setting", action="append", default=[], help="KEY=value for setup.sh")
    parser.add_argument("--ssh-config", help="default: the user's own")
    parser.add_argument("--batch", type=int, default=5, help="boxes side by side after the first")
    parser.add_argument("--bundle", type=Path, action="append", required=True)
    parser.add_argument("hosts", nargs="+")
    return parser.parse_args(arguments)


def deploy(wanted: argparse.Namespace, available: list) -> dict[str, int]:
    """The exit code of each box that was tried, in their order."""
    outcomes: dict[str, int] = {}
    hosts, size = wanted.hosts, 1
    while hosts and (wanted.check or not any(outcomes.values())):
        batch = Batch(hosts[:size], wanted, available)
        batch.run()
        outcomes.update(batch.outcomes)
        hosts, size = hosts[size:], wanted.batch
    return outcomes


def report(wanted: argparse.Namespace, outcomes: dict[str, int]) -> None:
    done = f"version {wanted.version} is in service"
    if wanted.dry_run:
        done = "nothing was changed"
    elif wanted.check:
        done = f"ready for version {wanted.version}"
    print(f"==> Of {len(wanted.hosts)} boxes")
    for host in wanted.hosts:
        code = outcomes.get(host)
        print(f"    {host}: {'not tried' if code is None else f'failed with status {code}' if code else done}")


def run() -> int:
    """Run main in a greenlet of its own, which a signal can end wherever it waits."""
    work = gevent.spawn(main, sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, work.kill, block=False)
    result = work.get()
    if isinstance(result, gevent.GreenletExit):
        print("error: interrupted; what setup.sh began on a box it ends there: make status", file=sys.stderr)
        return INTERRUPTED
    return result


if __name__ == "__main__":
    sys.exit(run())
