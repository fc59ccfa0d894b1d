"""What the cache's entries hold: looked at once, and remembered, as they never change."""

import json
from pathlib import Path
from typing import NamedTuple

import pack
import versions
from builder import cache

LOOKED_AT = 1  # to be raised when a Tree gets to hold something else


class Tree(NamedTuple):
    """A directory's members, by paths relative to it, and the glibc that its files need at least."""

    members: list[pack.Member]
    floor: versions.Floor

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of every file, by its path."""
        return {member.path: member.sha256 for member in self.members if member.kind == pack.FILE}

    def placed(self, prefix: str) -> list[pack.Member]:
        """Return the members with a prefix before each path."""
        return [member._replace(path=f"{prefix}{member.path}") for member in self.members]


def look(directory: Path) -> Tree:
    """Return the tree of a directory by reading all of it; pack.UnsafeMember if a bundle must not hold it."""
    members = pack.tree_members(directory, "")
    files = [(member.path, member.source) for member in members if member.source]
    return Tree(members, versions.floor(files))


def remembered(directory: Path, text: bytes) -> Tree:
    rows, (glibc, path) = json.loads(text)
    members = [
        pack.Member(
            name, kind, mode, b"", Path(f"{directory}/{name}") if kind == pack.FILE else None, target, size, sha256
        )
        for name, kind, mode, target, size, sha256 in rows
    ]
    return Tree(members, versions.Floor(tuple(glibc), path))


def of(directory: Path) -> Tree:
    """Return the tree of a directory of the cache, or within an entry of it.

    One of the same name that was made anew is looked at anew. Files that changed are noticed when they are packed.
    """
    made = directory.stat()
    name = cache.key(LOOKED_AT, str(directory), made.st_ino, made.st_mtime_ns)
    text = cache.read_record("trees", name)
    if text is not None:
        return remembered(directory, text)
    tree = look(directory)
    rows = [
        (member.path, member.kind, member.mode, member.target, member.size, member.sha256) for member in tree.members
    ]
    cache.write_record("trees", name, json.dumps([rows, tree.floor]).encode())
    return tree
