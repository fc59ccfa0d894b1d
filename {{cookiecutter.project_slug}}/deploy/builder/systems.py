"""What is known about an operating system: base image and packages for compiling (wheels/systems.json)."""

import json
import os
import platform
from pathlib import Path
from typing import NamedTuple

from builder.output import SETTINGS, Failure
from builder.settings import WHEELS
from builder.targets import Target, machine_arch

OS_RELEASE = Path("/etc/os-release")


class System(NamedTuple):
    """image is the base image's name, packages the file that lists the packages."""

    image: str
    packages: Path


def of_target(target: Target) -> System:
    """Return what a target is built with; Failure 78 if nothing is known about its operating system."""
    known = json.loads((WHEELS / "systems.json").read_text(encoding="utf-8"))
    if target.os not in known:
        names = ", ".join(sorted(known))
        raise Failure(SETTINGS, f"{target.name}: {target.os} cannot be built for; these can: {names}")
    row = known[target.os]
    image = target.image or row["image"].format(version=target.version)
    return System(image, WHEELS / "packages" / row["packages"])


def package_names(system: System) -> list[str]:
    lines = system.packages.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def this_machine() -> tuple[str, str, str]:
    """Return ID and VERSION_ID of os-release(5), empty where there is none (macOS), and the arch."""
    if platform.system() != "Linux" or not os.access(OS_RELEASE, os.R_OK):
        return ("", "", machine_arch())
    lines = OS_RELEASE.read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    name, version = (values.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID"))
    return (name, version, machine_arch())


def is_this_machine(target: Target) -> bool:
    return (target.os, target.version, target.arch) == this_machine()
