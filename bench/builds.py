"""Measure building: rebuilds, deltas, and how the cost grows with wheels, targets and releases on a box.

Usage, as root, on a quiet machine with warm caches:
  PYTHONPATH=tests .venv/bin/python bench/builds.py [rebuild] [delta] [wheels] [memory] [targets] [releases]
Without an argument: all of them.

Prints one line a measurement. Times are seconds of the clock and, behind the slash, of the processors, each the median
of several runs; the limit of rebuilding is copying the tarball's bytes.
"""

import gzip
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from lab.box import boot_box
from lab.engine import require_base_image
from lab.project import Project, environment, generate

ROUNDS = 7
# Pairs that the tests build too, so that a machine that has run them has the interpreters.
TARGETS = (("12", "3.11.2"), ("13", "3.13.5"), ("11", "3.9.2"), ("11", "2.7.18"))
# A process of the builder that packs one bundle with wheels of a directory, without an engine.
PACK = """
import sys
sys.path.insert(0, sys.argv[1])
from types import SimpleNamespace
from pathlib import Path
from builder import bundle, cache, contents, interpreter, settings, targets
entries = cache.directory("interpreters"), cache.directory("wheels")
python = interpreter.Interpreter("", entries[0] / "python", entries[0] / "python", "2.36", "3.11.2 cp311")
target = targets.Target("debian", "12", "x86_64", "3.11.2")
what = settings.Settings("app", "app:app", "/")
engine = SimpleNamespace(name="none", provenance=dict)
ingredients = contents.Ingredients(engine, python, entries[1] / "wheels", entries[1] / "supervisor")
bundle.build(what, "1", target, ingredients)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def main(*chosen: str) -> None:
    require_base_image("debian:12")
    with tempfile.TemporaryDirectory() as directory:
        project = generate(Path(directory))
        for name in chosen or ("rebuild", "delta", "wheels", "memory", "targets", "releases"):
            {
                "rebuild": measure_rebuilds,
                "delta": measure_deltas,
                "wheels": measure_wheels,
                "memory": measure_memory,
                "targets": measure_targets,
                "releases": measure_releases,
            }[name](project)


def processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def once(command: list, **variables: object) -> tuple[float, float]:
    """Seconds of the clock and of the processors that a command takes."""
    before, start = processors(), time.perf_counter()
    subprocess.run(command, env=environment(**variables), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start, processors() - before


def report(name: str, runs: list[tuple[float, float]]) -> None:
    clock, used = (statistics.median(figures) for figures in zip(*runs, strict=True))
    print(f"{name}: {clock:.2f} / {used:.2f} s", flush=True)


def make(project: Project, **variables: object) -> tuple[float, float]:
    assignments = [f"{name}={value}" for name, value in variables.items()]
    return once(["make", "--no-print-directory", "-C", project.root, "tarball", *assignments])


def change_a_line(project: Project) -> None:
    with (project.root / "project/app.py").open("a") as app:
        app.write(f"# {time.time_ns()}\n")


def measure_rebuilds(project: Project) -> None:
    tarball = project.build("1")
    report("nothing changed", [make(project, VERSION=1) for _ in range(ROUNDS)])
    runs, new = [], []
    for number in range(ROUNDS):
        change_a_line(project)
        runs.append(make(project, VERSION=1))
        new.append(make(project, VERSION=f"new{number}"))
    report("one line of the app changed", runs)
    report("a new version", new)
    copies = [once(["cp", tarball, tarball.with_suffix(".copy")]) for _ in range(ROUNDS)]
    report(f"limit: copying the {tarball.stat().st_size / 1e6:.1f} MB", copies)
    report("make alone", [once(["make", "-C", project.root, "help"]) for _ in range(ROUNDS)])


def measure_deltas(project: Project) -> None:
    whole = project.build("base").stat().st_size
    changes = {
        "one line": lambda: change_a_line(project),
        "a new file of 200 kB": lambda: write_random(project, 200_000),
    }
    for number, (name, change) in enumerate(changes.items()):
        before = {path: path.read_bytes() for path in (project.root / "project").rglob("*") if path.is_file()}
        change()
        delta = project.build(f"delta{number}", SINCE="base").with_name(f"app-vdelta{number}-since-base.delta")
        changed = [
            path
            for path in (project.root / "project").rglob("*")
            if path.is_file() and before.get(path) != path.read_bytes()
        ]
        compressed = sum(len(gzip.compress(path.read_bytes())) for path in changed)
        print(
            f"delta, {name}: {delta.stat().st_size} bytes; the changed files, compressed: {compressed}; whole: {whole}"
        )
        for path in changed:
            path.write_bytes(before[path]) if path in before else path.unlink()


def write_random(project: Project, size: int) -> None:
    (project.root / "project/image.png").write_bytes(os.urandom(size))


def write_wheel(directory: Path, name: str, size: int) -> str:
    """A wheel with one incompressible file; returns its line for installed.txt."""
    path = directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        with archive.open(f"{name}/data.bin", "w", force_zip64=True) as stream:
            for start in range(0, size, 1 << 20):
                stream.write(os.urandom(min(1 << 20, size - start)))
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def pack_project(project: Project, directory: Path, wheels: int, size: int) -> list:
    """A cache with so many wheels and a small interpreter; returns the command that packs them."""
    entries = directory / "offline-flask"
    for name in ("interpreters/python/bin", "wheels/wheels", "wheels/supervisor"):
        (entries / name).mkdir(parents=True)
    (entries / "interpreters/python/bin/python3.11").write_text("#!/bin/sh\n")
    lines = [write_wheel(entries / "wheels/wheels", f"wheel{number}", size) for number in range(wheels)]
    (entries / "wheels/wheels/installed.txt").write_text("".join(lines))
    return [sys.executable, "-B", "-c", PACK, project.root / "deploy"]


def measure_wheels(project: Project) -> None:
    for number in (5, 50, 200):
        with tempfile.TemporaryDirectory() as directory:
            command = pack_project(project, Path(directory), number, 100_000)
            cold = [once(command, XDG_CACHE_HOME=directory)]
            changed = []
            for _ in range(ROUNDS):
                change_a_line(project)
                changed.append(once(command, XDG_CACHE_HOME=directory))
            report(f"packing {number} wheels of 100 kB, first", cold)
            report(f"packing {number} wheels of 100 kB, one line changed", changed)
            report(
                f"packing {number} wheels of 100 kB, nothing changed",
                [once(command, XDG_CACHE_HOME=directory) for _ in range(ROUNDS)],
            )


def measure_memory(project: Project) -> None:
    for megabytes in (3, 300):
        with tempfile.TemporaryDirectory() as directory:
            command = pack_project(project, Path(directory), 1, megabytes * 1_000_000)
            start = time.perf_counter()
            result = subprocess.run(
                command, env=environment(XDG_CACHE_HOME=directory), check=True, capture_output=True, text=True
            )
            first = time.perf_counter() - start
            change_a_line(project)
            runs = [once(command, XDG_CACHE_HOME=directory)]
            print(f"a wheel of {megabytes} MB: peak memory {int(result.stdout) / 1024:.0f} MiB, first {first:.2f} s")
            report(f"a wheel of {megabytes} MB, one line changed", runs)
            tarball = next(project.root.glob("dist/*/app-v1.tar.gz"))
            report("limit: copying the tarball", [once(["cp", tarball, Path(directory) / "copy"])])


def measure_targets(project: Project) -> None:
    for version, _ in TARGETS:
        require_base_image(f"debian:{version}")
    path = project.root / "deploy/targets.json"
    kept = path.read_text()
    for number in (1, 2, 4):
        rows = [
            {"os": "debian", "version": version, "bit": "64", "python": [python]}
            for version, python in TARGETS[:number]
        ]
        path.write_text(json.dumps(rows))
        make(project, VERSION="targets")
        runs = []
        for _ in range(ROUNDS):
            change_a_line(project)
            runs.append(make(project, VERSION="targets", JOBS=2))
        report(f"{number} targets, two at a time, one line changed", runs)
    path.write_text(kept)


def measure_releases(project: Project) -> None:
    with boot_box() as box:
        for number in range(1, 9):
            project.build(f"release{number}")
            deploy = [project.root / "deploy/ship.sh", f"root@{box.address}", f"release{number}"]
            runs = [once(deploy, USERNAME="app", SSH_CONFIG=box.ssh_config)]
            kept = box.ssh("ls -d /opt/app/app-v* | wc -l").stdout.strip()
            report(f"deploying release {number}, after which {kept} are kept", runs)


if __name__ == "__main__":
    main(*sys.argv[1:])
