"""A writable clone of a root tree: an overlay where the kernel can, else a copy."""

import shutil
from pathlib import Path

from lab.command import run, wait_until


def make_clone(base: Path, directory: Path) -> Path:
    """Clone the tree `base`, which stays as it is, within the empty `directory`; returns the clone's root."""
    root = directory / "root"
    for name in ("upper", "work", "root"):
        (directory / name).mkdir()
    (directory / "lower").symlink_to(base)
    if not mount_overlay(directory):
        run("cp", "--archive", "--reflink=auto", f"{base}/.", root, timeout=600)
    return root


def mount_overlay(directory: Path) -> bool:
    """Mount it, by relative names: a colon or comma in a path would end an option. False where refused."""
    options = "lowerdir=lower,upperdir=upper,workdir=work"
    return run("mount", "-t", "overlay", "-o", options, "box", "root", cwd=directory, check=False).returncode == 0


def discard_clone(directory: Path) -> None:
    """Remove `directory` with the clone in it. Raises OSError when something still uses it."""
    root = directory / "root"
    wait_until(lambda: not root.is_mount() or run("umount", root, check=False).returncode == 0, seconds=10)
    if root.is_mount():
        raise OSError(f"{root} cannot be unmounted: something still uses it")
    shutil.rmtree(directory)
