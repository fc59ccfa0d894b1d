"""make demo: the whole way once, from the template to an app that answers on a box without internet.

Usage: python -m lab.demo          generate, build, install, verify, sum up; KEEP=1 leaves the box running
       python -m lab.demo stop     end the box that KEEP=1 left running
Exit codes: 0 all green; 1 a step failed; 69 this machine cannot do it; 130 interrupted.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from lab.apt import this_debian
from lab.berth import clear_kept_berths
from lab.box import BoxFailed
from lab.command import CommandFailed
from lab.engine import require_base_image
from lab.place import Place, open_place
from lab.project import TEMPLATE, Project, generate
from lab.skip import Unavailable

VERSION = "1"
# The Debian of the box, where there is a choice; the oldest, where the bundle must run on this machine and it
# is not Debian: what is built for an old C library runs on newer ones too.
BOX_DEBIAN, OLDEST_DEBIAN = "12", "11"


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    keep = os.environ.get("KEEP", "") not in ("", "0")
    try:
        if arguments == ["stop"]:
            print(f"==> Ended {clear_kept_berths()} box(es)")
        else:
            demo(TEMPLATE / "demo", keep)
    except Unavailable as reason:
        return failed(69, reason)
    except (CommandFailed, BoxFailed, OSError, subprocess.SubprocessError) as reason:
        return failed(1, reason)
    except KeyboardInterrupt:
        return failed(130, "interrupted; what was started is put away")
    return 0


def failed(code: int, reason: object) -> int:
    """Say why; returns `code`."""
    print(f"error: {reason}", file=sys.stderr)
    return code


def demo(directory: Path, keep: bool) -> None:
    """Do all of it, with the project in `directory`, whose former content goes. Raises what a step raises."""
    steps = Steps()
    with ExitStack() as stack:
        with steps.step("Choosing an engine"):
            engine = choose_engine()
        with steps.step("Generating a project"):
            project = generate_afresh(directory, engine)
        with steps.step("Building the tarball"):
            project.show("tarball", VERSION=VERSION, ENGINE=engine.name, INTERPRETER="prebuilt")
        with steps.step("Starting a place without internet"):
            place = stack.enter_context(open_place(engine.debian, keep))
            detail(place.what)
        with steps.step("Installing there"):
            place.deploy(project, VERSION)
        with steps.step("Verifying"):
            place.verify(project, VERSION)
        with steps.step("Asking for its page"):
            page = ask(place)
        sum_up(project, engine, place, page, steps)
        if keep:
            tell_how_to_stop(project, place)


class Steps:
    """Announces the demo's steps and remembers how many seconds each took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """The step `name` is what happens within."""
        print(f"\n==> {name}", flush=True)
        begin = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begin


class Engine(NamedTuple):
    """What builds, for which release of Debian, and why it is not docker where it is not."""

    name: str
    debian: str
    complaint: str


def choose_engine() -> Engine:
    """Docker where an engine answers and has the base image, or can get it; else this machine itself."""
    debian = BOX_DEBIAN if os.geteuid() == 0 else this_debian() or OLDEST_DEBIAN
    try:
        require_base_image(f"debian:{debian}")
        engine = Engine("docker", debian, "")
    except Unavailable as reason:
        if not this_debian():
            raise Unavailable(f"{reason}; nor can this machine build: it is not Debian") from reason
        engine = Engine("host", this_debian(), str(reason))
        detail(f"docker cannot be used: {reason}")
    detail(f"engine {engine.name}, for Debian {engine.debian}")
    return engine


def generate_afresh(directory: Path, engine: Engine) -> Project:
    """A new project in `directory`, with the template's own answers and the engine's target."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    project = generate(directory, target_os="debian", target_version=engine.debian)
    detail(str(project.root))
    return project


def ask(place: Place) -> str:
    """The words on the app's page. Raises CommandFailed if it is not of this version."""
    version = place.get("/version")
    if version != VERSION:
        raise CommandFailed(f"{place.url}/version answered {version!r}, not {VERSION!r}")
    page = place.get("/")
    return " ".join(re.sub(r"<title>.*</title>|<style>.*</style>|<[^>]*>", "", page, flags=re.DOTALL).split())


def sum_up(project: Project, engine: Engine, place: Place, page: str, steps: Steps) -> None:
    """The summary."""
    tarball = project.tarball(VERSION)
    print("\n==> The demo is green")
    detail(f"built      {tarball.name}, {tarball.stat().st_size / 1e6:.1f} MB, for {tarball.parent.name}")
    detail(f"engine     {engine.name}{f' ({engine.complaint})' if engine.complaint else ''}")
    detail(f"installed  on {place.what}")
    detail(f"answered   {place.url}/  “{page}”")
    for name, seconds in steps.seconds.items():
        detail(f"{seconds:8.1f} s  {name}")
    detail(f"{sum(steps.seconds.values()):8.1f} s  together")
    if place.skipped:
        detail(f"skipped    {place.skipped}")


def tell_how_to_stop(project: Project, place: Place) -> None:
    """For KEEP=1."""
    if place.login:
        detail("kept       until: make demo-stop (a reboot or power-off of the box ends it too)")
        detail(f"log in     {place.login}")
        detail(f"use it     cd {project.root}; make status {place.options}")
    else:
        print("warning: KEEP=1 keeps a box only; this place ends now", file=sys.stderr)


def detail(text: str) -> None:
    """One line of the current step."""
    print(f"    {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
