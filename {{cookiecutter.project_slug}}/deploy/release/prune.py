"""Old releases are removed, but never one that a rollback may want."""

import os
import shutil

import home_link
import process
from output import detail, step

KEPT_GOOD_RELEASES = 5


def prune(layout, state, former):
    """Remove bad and half made releases and all but the last good ones, then the interpreters that no release names.

    The release in service, the one before it and what a process runs from stay whatever their marks.
    """
    used = _used_directories(layout.base)
    good = state.marked("good")
    needed = set(good[-KEPT_GOOD_RELEASES:] + [layout.current().version] + ([former.version] if former else []))
    there = _present(layout, state)
    needed.update(version for version in there if os.path.basename(_directory(layout, version)) in used)
    surplus = [version for version in there if version not in needed]
    if surplus:
        step("Removing old releases")
    for version in surplus:
        _remove_release(layout, state, version)
    _remove_unused_interpreters(layout, state, used)


def _directory(layout, version):
    return os.path.join(layout.base, "%s-v%s" % (layout.name, version))


def _present(layout, state):
    """The versions that take room here: the installed ones, and those that are not for their own test or a kill."""
    installed = state.marked("complete")
    refused = [version for version in state.marked("bad") if os.path.isdir(_directory(layout, version))]
    others = refused + [version for version in _directories(layout) if version not in refused]
    return installed + [version for version in others if version not in installed]


def _directories(layout):
    """Every version with a directory. In user mode BASE is a home, where a person may have unpacked a tarball: none."""
    prefix = layout.name + "-v"
    entries = os.listdir(layout.base) if layout.mode == "root" else []
    return sorted(entry[len(prefix) :] for entry in entries if entry.startswith(prefix))


def _used_directories(base):
    """The names in BASE that the executable or the working directory of a process lies below."""
    paths = [find(pid) for pid in process.all_pids() for find in (process.executable, process.working_directory)]
    return {path[len(base) + 1 :].split("/")[0] for path in paths if path and path.startswith(base + "/")}


def _remove_release(layout, state, version):
    path = _directory(layout, version)
    detail(path)
    # The mark first: a release that is half removed must not count as installed.
    state.unmark("complete", version)
    state.unmark("good", version)
    home_link.remove(layout, path)
    shutil.rmtree(path)


def _interpreters_of(release):
    """The names in BASE of a release's interpreter, and of an earlier one's that its own leads to (setup.sh)."""
    directory = release.interpreter_directory
    base = os.path.dirname(directory) + "/"
    local = os.path.join(directory, "local")
    target = os.readlink(local) if os.path.islink(local) else ""
    other = target[len(base) :].split("/")[0] if target.startswith(base) else ""
    return {os.path.basename(directory)} | ({other} if other else set())


def _remove_unused_interpreters(layout, state, used):
    for version in state.marked("complete"):
        used = used | _interpreters_of(layout.release(version))
    for entry in os.listdir(layout.base):
        if entry.startswith("python-") and entry not in used:
            detail(os.path.join(layout.base, entry))
            shutil.rmtree(os.path.join(layout.base, entry))
