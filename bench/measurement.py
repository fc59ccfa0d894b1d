"""All figures of one app: every contender in turn, and the limits."""

import json
import os
import re
from pathlib import Path

from contenders.contender import Contender
from contenders.ours import Ours
from lab.apt import this_debian
from place import open_place
from timing import timed
from workspace import Machine, Workspace

LIMIT_PORT = 1338
Figures = dict[str, list[float]]


def slug(name: str) -> str:
    """A name as a directory's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def measure_app(
    directory: Path, machine: Machine, app: str, kinds: list[type[Contender]], rounds: int
) -> dict[str, dict]:
    """The figures of one app: "contenders" by name, "limits", and the machine's "load" after each round.

    Raises Failed.
    """
    ours, *others = open_contenders(directory, machine, app, kinds)
    ours.pin(ours.workspace.lock)
    found = {contender.name: begin(contender) for contender in [ours, *others]}
    found[ours.name]["small_bytes"] = [ours.small_artefact("1").stat().st_size]
    limits: Figures = {"install": [], "copy": []}
    load: list[float] = []
    for number in range(rounds):
        for contender in [ours, *others]:
            measure_round(contender, found[contender.name], "1" if number % 2 else "2")
        measure_limits(ours, limits)
        load.append(os.getloadavg()[0])
    return {"contenders": found, "limits": limits, "load": load}


def measure_long(
    directory: Path, machine: Machine, app: str, figures: dict[str, dict], kinds: list[type[Contender]]
) -> None:
    """Add to an app's figures what compiles CPython: contenders that do it on the box, and our own build. Once each."""
    ours, *others = open_contenders(directory, machine, app, kinds)
    tell(ours, "cold build, compiling the interpreter")
    ours.forget_interpreter()
    figures["contenders"][ours.name]["cold_compiled"] = [ours.build("1").seconds]
    for contender in others:
        figures["contenders"][contender.name] = begin(contender)
        measure_round(contender, figures["contenders"][contender.name], "2")


def open_contenders(directory: Path, machine: Machine, app: str, kinds: list[type[Contender]]) -> list[Contender]:
    """Ours, which is always needed, and the others, each in a directory of its own."""
    directory.mkdir(exist_ok=True)
    (directory / "target.json").write_text(json.dumps({"target_os": "debian", "target_version": this_debian()}))
    wanted = [Ours, *(kind for kind in kinds if kind is not Ours)]
    return [kind(Workspace(directory / slug(kind.name), machine, app)) for kind in wanted]


def tell(contender: Contender, what: str) -> None:
    print(f"==> {contender.workspace.app}: {contender.name}: {what}", flush=True)


def begin(contender: Contender) -> dict:
    """A contender's cold build, and what is not measured again."""
    tell(contender, "cold build")
    contender.forget()
    cold = contender.build("1")
    return {
        "carries_interpreter": contender.carries_interpreter,
        "cold": [cold.seconds],
        "build_memory": [cold.memory],
        "bytes": [contender.artefact("1").stat().st_size],
    }


def measure_round(contender: Contender, figures: Figures, version: str) -> None:
    """One measurement of everything that is measured several times; `version` is not what was built last."""
    tell(contender, "rebuilds")
    contender.set_version(version)
    add(figures, one_line=contender.build(version).seconds)
    add(figures, unchanged=contender.build(version).seconds)
    tell(contender, "install, upgrade, rollback")
    with open_place() as place:
        place.receive([*contender.files("1"), *contender.files("2")])
        installed = place.clock(contender.install("1"), "1")
        upgraded = place.clock(contender.upgrade(), "2")
        went_back = place.clock(contender.rollback(), "1")
    add(figures, install=installed["seconds"], install_memory=installed["memory"])
    add(figures, upgrade=upgraded["seconds"], upgrade_silence=upgraded["silence"])
    add(figures, rollback=went_back["seconds"], rollback_silence=went_back["silence"])


def measure_limits(ours: Ours, limits: Figures) -> None:
    """What cannot be beaten: unpacking the same tarball and starting gunicorn alone; copying the same bytes."""
    tell(ours, "limits")
    tarball = ours.artefact("1")
    copied = timed(["cp", str(tarball), str(ours.directory / "copy")], ours.directory, ours.workspace.environment())
    with open_place() as place:
        place.receive(ours.files("1"))
        place.clock(ours.install("1"), "1")
        bare = place.clock(tar_and_gunicorn(ours, tarball.name), "1", LIMIT_PORT)
    add(limits, copy=copied.seconds, install=bare["seconds"])


def tar_and_gunicorn(ours: Ours, tarball: str) -> str:
    """gunicorn of the release that is installed already, beside the one that serves."""
    options = ours.workspace.machine.gunicorn_options.replace("1337", str(LIMIT_PORT))
    options = options.replace("gunicorn.pid", "$HOME/limit/gunicorn.pid")
    return f"mkdir limit\ntar -xzf {tarball} -C limit\n(cd current && venv/bin/gunicorn {options} app:app)\n"


def add(figures: Figures, **values: float) -> None:
    for name, value in values.items():
        figures.setdefault(name, []).append(value)
