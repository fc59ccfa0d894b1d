"""make bench: measure this template against its peers and against what cannot be beaten.

Usage: PYTHONPATH=tests .venv/bin/python bench
Environment: APPS, CONTENDERS   names of some, with commas between them; default: all
             ROUNDS   how often what is not a cold build is measured; default 3
             LONG=1   for the first app, the article's steps too, and a cold build that compiles CPython: many minutes
             ENGINE   our own builder's: docker (the default) or host
             RESULTS  where the figures go; default bench/results.json, and docs/benchmarks.md and .svg are made from it
Exit codes: 0 done; 1 a contender failed; 69 this machine lacks something.
"""

import json
import os
import platform
import sys
from pathlib import Path

import contenders
import report
from contenders.ours import ENGINE
from lab.apt import this_debian
from lab.cache import lab_cache
from lab.engine import require_base_image
from lab.skip import Unavailable
from measurement import measure_app, measure_long, slug
from timing import Failed
from tools import REQUIREMENTS, prepare
from workspace import Machine

APPS = ("small", "heavy")


def main() -> int:
    directory = lab_cache().with_name("bench")
    directory.mkdir(exist_ok=True)
    try:
        if ENGINE == "docker":
            require_base_image(f"debian:{this_debian()}")
        measure(directory, prepare(directory, wants_long()))
    except (Failed, Unavailable) as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 69 if isinstance(reason, Unavailable) else 1
    return 0


def measure(directory: Path, machine: Machine) -> None:
    """Everything that was asked for; what is done is stored before the next begins. Raises Failed."""
    rounds = int(os.environ.get("ROUNDS") or 3)
    kinds = [kind for kind in contenders.ALL if chosen("CONTENDERS", kind.name)]
    apps = [app for app in APPS if chosen("APPS", app)]
    results = {"machine": describe(), "engine": ENGINE, "versions": versions(), "apps": {}}
    for app in apps:
        short = [kind for kind in kinds if not kind.takes_long]
        results["apps"][app] = measure_app(directory / app, machine, app, short, rounds)
        store(results)
    if wants_long():
        long = [kind for kind in kinds if kind.takes_long]
        measure_long(directory / apps[0], machine, apps[0], results["apps"][apps[0]], long)
        store(results)


def wants_long() -> bool:
    return os.environ.get("LONG", "") not in ("", "0")


def store(results: dict) -> None:
    """Write the figures, and the docs where they are the repository's own."""
    path = Path(os.environ.get("RESULTS") or report.RESULTS)
    path.write_text(json.dumps(results, indent=1) + "\n")
    if path == report.RESULTS:
        report.write(results)


def chosen(variable: str, name: str) -> bool:
    wanted = os.environ.get(variable, "")
    return not wanted or slug(name) in map(slug, wanted.split(","))


def describe() -> str:
    """The machine, in general terms."""
    return f"{os.cpu_count()} cores, Debian {this_debian()}, Linux on {platform.machine()}"


def versions() -> dict[str, str]:
    """Of the peers, as pinned."""
    pins = (line.partition("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line)
    return {name: version for name, _, version in pins}


if __name__ == "__main__":
    sys.exit(main())
