"""What changed from one bundle of dist/ to another, for those who must approve it, as their heads tell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder import reading
from builder.inspection import checked_digest, wheels_of
from builder.output import result
from builder.reading import Head

SAME = "the same"
HEAD = tuple(f"/{name}" for name in reading.LISTS)


def changed(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the sign and the name of everything that was added (+), removed (-) or changed (~), by its name."""
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield "+", name
        elif name not in new:
            yield "-", name
        elif old[name] != new[name]:
            yield "~", name


def changes(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Return a line for everything that changed: "+ name value", "- name value", "~ name value -> value"."""
    lines = []
    for sign, name in changed(old, new):
        values = [side[name] for side in (old, new) if name in side]
        lines.append(f"{sign} {name} {' -> '.join(values)}".rstrip())
    return lines


def files_below(head: Head, directory: str) -> dict[str, tuple[str, str]]:
    """Return kind, mode and link target, and the sha256, of everything below a directory, by path."""
    digests, found = head.digests, {}
    for line in head.manifest.splitlines():
        path, _arrow, target = line[7:].partition(" -> ")
        if path.startswith(f"{directory}/") and not path.endswith(HEAD):
            found[path[len(directory) + 1 :]] = (f"{line[:6]} {target}".rstrip(), digests.get(path, ""))
    return found


def file_changes(old: Head, new: Head, directories: tuple[str, str]) -> list[str]:
    """Return a line for every file, directory or link that changed between a directory of one and one of the other."""
    before, after = files_below(old, directories[0]), files_below(new, directories[1])
    lines = []
    for sign, path in changed(before, after):
        kinds = dict.fromkeys(side[path][0] for side in (before, after) if path in side)
        lines.append(f"{sign} {path}" + (f": {' -> '.join(kinds)}" if len(kinds) > 1 else ""))
    return lines


def print_section(title: str, lines: list[str]) -> None:
    result(f"==> {title}: {len(lines) or SAME}")
    for line in lines:
        result(f"    {line}")


def wheel_lines(old: Head, new: Head) -> list[str]:
    """Return a line for every wheel that changed; one of the same version may have other content."""
    before, after = wheels_of(old), wheels_of(new)
    paths = (f"{old.release}/wheels/", f"{new.release}/wheels/")
    digests = [
        {path[len(top) :]: digest for path, digest in head.digests.items() if path.startswith(top)}
        for head, top in zip((old, new), paths)
    ]
    remade = [name for name in digests[0].keys() & digests[1].keys() if digests[0][name] != digests[1][name]]
    return changes(before, after) + sorted(f"~ {name}: other content" for name in remade if name.endswith(".whl"))


def interpreter_lines(old: Head, new: Head) -> list[str]:
    """Return what changed in the interpreter; of another version only how much, as that is nearly all."""
    directories = (old.values["PYTHON_DIR"], new.values["PYTHON_DIR"])
    if directories[0] == directories[1]:
        return []
    lines = [f"~ {directories[0]} -> {directories[1]}"]
    files = file_changes(old, new, directories)
    if old.values["PYTHON"] == new.values["PYTHON"]:
        return lines + files
    counts = (
        f"{sum(line[0] == sign for line in files)} {word}" for sign, word in zip("+-~", ("new", "gone", "changed"))
    )
    return [*lines, f"~ files: {', '.join(counts)}"]


def show(older: Path, newer: Path) -> None:
    """Print what changed from one tarball to another."""
    old, new = reading.head_of(older), reading.head_of(newer)
    result(f"==> {old.release} -> {new.release} for {newer.parent.name}")
    for path in (older, newer):
        result(f"    {path.name}: sha256 {checked_digest(path)}")
    print_section("BUNDLE", changes(old.values, new.values))
    print_section("interpreter", interpreter_lines(old, new))
    print_section("wheels", wheel_lines(old, new))
    own = [
        line
        for line in file_changes(old, new, (old.release, new.release))
        if not line.startswith(("+ wheels/", "- wheels/", "~ wheels/"))
    ]
    print_section("files of the release, wheels apart", own)
