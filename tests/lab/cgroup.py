"""A control group for one box: systemd inside expects a group that is its own."""

import os
from pathlib import Path

from lab.command import wait_until

MOUNT = Path("/sys/fs/cgroup")


def hierarchies() -> list[Path]:
    """Where the groups of a box belong that this lab makes by hand.

    None on a machine run by systemd, which alone may make groups there: nspawn asks it for a scope. Otherwise
    the unified hierarchy (cgroup v2), or the named and the unified one beside the controllers of cgroup v1.
    """
    if Path("/run/systemd/system").is_dir():
        return []
    if (MOUNT / "cgroup.controllers").exists():
        return [MOUNT]
    return [MOUNT / name for name in ("systemd", "unified") if (MOUNT / name / "cgroup.procs").exists()]


def make_groups(name: str) -> list[Path]:
    """Make the group `name` in every hierarchy; a process joins by writing its number into these files."""
    groups = [hierarchy / name for hierarchy in hierarchies()]
    for group in groups:
        group.mkdir(exist_ok=True)
    return [group / "cgroup.procs" for group in groups]


def remove_groups(name: str) -> None:
    """Remove the group `name` with all below it, once its processes are gone. Raises OSError if one stays."""
    for hierarchy in hierarchies():
        if not wait_until(lambda group=hierarchy / name: removed(group), seconds=10):
            raise OSError(f"processes are left in the control group {hierarchy / name}")


def removed(group: Path) -> bool:
    """Remove what is empty of `group`, from its leaves up; whether all of it is gone."""
    for directory, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(directory)
        except OSError:
            return False
    return True
