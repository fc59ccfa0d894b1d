"""What is known about an operating system: base image, archive and packages for compiling (wheels/systems.json)."""

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
    """image is the base image's name, packages the file that lists the packages, glibc the C library's version.

    vault is the archive that replaces mirrors that are gone, repository one to switch on (fix-repos.sh,
    install-build-deps.sh); both may be empty.
    """

    image: str
    packages: Path
    glibc: str = ""
    vault: str = ""
    repository: str = ""


def known() -> dict[str, dict[str, dict]]:
    """Return wheels/systems.json: rows by the name of an operating system and its version."""
    return json.loads((WHEELS / "systems.json").read_text(encoding="utf-8"))


def listing() -> str:
    return ", ".join(f"{name} {' '.join(versions)}" for name, versions in known().items())


def row_of(target: Target) -> dict:
    """Return the row of a target's system, of which 12.5 has that of 12; Failure 78 if there is none."""
    rows = known().get(target.os, {})
    parts = target.version.split(".")
    for length in range(len(parts), 0, -1):
        row = rows.get(".".join(parts[:length]))
        releases = row.get("releases", {target.version: ""}) if row else {}
        if target.version in (*releases, *releases.values()):
            return row
        if row:
            releases = ", ".join(row["releases"])
            raise Failure(SETTINGS, f"{target.name}: {target.os} {target.version} is unknown; these are: {releases}")
    raise Failure(SETTINGS, f"{target.name}: {target.os} {target.version} cannot be built for; these can: {listing()}")


def of_target(target: Target, packages: str = "") -> System:
    """Return what a target is built with, the list of packages replaced if one is named; Failure 78 if unknown."""
    row = row_of(target)
    release = row.get("releases", {}).get(target.version, target.version)
    return System(
        target.image or row["image"].format(release=release),
        WHEELS / "packages" / f"{packages or row['packages']}.txt",
        row["glibc"],
        row.get("vault", "").format(release=release),
        row.get("repository", ""),
    )


def package_names(packages: Path) -> list[str]:
    lines = packages.read_text(encoding="utf-8").splitlines()
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
