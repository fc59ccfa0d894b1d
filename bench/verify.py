"""Measure make verify: how it grows with the wheels of a bundle, and with the boxes of a fleet.

Usage, as root, on a quiet machine:
  PYTHONPATH=tests .venv/bin/python bench/verify.py wheels [NUMBER…]    default: 6 30 100 more wheels
  PYTHONPATH=tests .venv/bin/python bench/verify.py boxes [NUMBER…]     default: 1 3 10 boxes

Prints one line a measurement; times are seconds, the best of three for a verify.
"""

import base64
import hashlib
import io
import os
import sys
import tempfile
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path

from lab.altered import alter
from lab.box import Box, boot_box
from lab.command import run
from lab.engine import require_base_image
from lab.project import Project, environment, generate

# What the skeleton's wheels have on average.
FILES_PER_WHEEL, LINES_PER_FILE = 35, 150
ROUNDS = 3


def main(what: str, *numbers: str) -> None:
    require_base_image("debian:12")
    with tempfile.TemporaryDirectory() as directory:
        project = generate(Path(directory))
        tarball = project.build("1")
        if what == "wheels":
            measure_wheels(project, tarball, [int(number) for number in numbers or ("6", "30", "100")])
        else:
            measure_boxes(project, [int(number) for number in numbers or ("1", "3", "10")])


def measure_wheels(project: Project, tarball: Path, numbers: list[int]) -> None:
    for number in numbers:
        version = f"wheels-{number}"
        alter(tarball, version, lambda files, number=number: add_wheels(files, number))
        with boot_box() as box:
            timed(project, "deploy/ship.sh", [box], version)
            calls = count_calls(project, box, version)
            best = min(timed(project, "deploy/verify.sh", [box], version) for _ in range(ROUNDS))
            files = box.ssh(f"find /opt/app/app-v{version} /opt/app/python-* -type f | wc -l").stdout.strip()
        print(f"{number} wheels more: {files} files, verify {best:.1f} s, ssh called {calls} times", flush=True)


def measure_boxes(project: Project, numbers: list[int]) -> None:
    for number in numbers:
        with ExitStack() as stack:
            boxes = [stack.enter_context(boot_box()) for _ in range(number)]
            deployed = timed(project, "deploy/ship.sh", boxes, "1")
            best = min(timed(project, "deploy/verify.sh", boxes, "1") for _ in range(ROUNDS))
        print(f"{number} boxes: deploy {deployed:.1f} s, verify {best:.1f} s", flush=True)


def timed(project: Project, script: str, boxes: list[Box], version: str, **variables: str) -> float:
    """Seconds that a script takes; a failure ends the measurement."""
    config = project.root / "ssh_config"
    config.write_text("".join(f"{box.ssh_config.read_text()}\n" for box in boxes))
    hosts = ",".join(f"root@{box.address}" for box in boxes)
    variables = environment(SSH_CONFIG=config, USERNAME="app", **variables)
    begin = time.monotonic()
    run(project.root / script, hosts, version, env=variables, cwd=project.root, timeout=600)
    return time.monotonic() - begin


def count_calls(project: Project, box: Box, version: str) -> int:
    """How often a verify calls ssh: to open a connection, twice to ask, and to close it."""
    log, programs = project.root / "calls", project.root / "programs"
    programs.mkdir(exist_ok=True)
    log.write_text("")
    (programs / "ssh").write_text(f'#!/bin/sh\necho call >>"{log}"\nexec /usr/bin/ssh "$@"\n')
    (programs / "ssh").chmod(0o755)
    timed(project, "deploy/verify.sh", [box], version, PATH=f"{programs}:{os.environ['PATH']}")
    return len(log.read_text().splitlines())


def add_wheels(files: dict[str, bytes], number: int) -> None:
    """Add that many wheels, and list them as the builder does."""
    for index in range(number):
        data = wheel(f"made{index}")
        files[f"wheels/made{index}-1.0-py3-none-any.whl"] = data
        line = f"made{index}==1.0 --hash=sha256:{hashlib.sha256(data).hexdigest()}\n"
        files["wheels/installed.txt"] += line.encode()


def wheel(name: str) -> bytes:
    """The bytes of a wheel of modules that do nothing."""
    metadata = f"{name}-1.0.dist-info"
    files = {
        f"{name}/module{index}.py": f"VALUE = '{name} {index}'\n" * LINES_PER_FILE for index in range(FILES_PER_WHEEL)
    }
    files[f"{metadata}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n"
    files[f"{metadata}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = [f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items()]
    files[f"{metadata}/RECORD"] = "".join([*lines, f"{metadata}/RECORD,,\n"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return data.getvalue()


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


if __name__ == "__main__":
    if sys.argv[1:2] not in (["wheels"], ["boxes"]):
        sys.exit(__doc__)
    main(*sys.argv[1:])
