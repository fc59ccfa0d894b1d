"""Files that need not be read again: their sha256 and glibc floor are known as long as stat() says the same of them."""

import json
import os
import time
from pathlib import Path

import pack
import versions
from builder import cache

KIND = "files"
# A file may change again within the clock tick of its last change: what was changed so few ns ago is not remembered.
YOUNG = 2_000_000_000

Facts = tuple[str, versions.Glibc]


class KnownFiles:
    """What is known of the files below a directory."""

    def __init__(self, directory: Path) -> None:
        self.name = cache.key(str(directory))
        self.before: dict[str, list] = json.loads(cache.read_record(KIND, self.name) or b"{}")
        self.now: dict[str, list] = {}
        self.started = time.time_ns()

    def facts(self, path: Path) -> Facts:
        """Return the sha256 of a regular file, and the glibc that it needs."""
        found = os.stat(path)
        stamp = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
        for known in (self.now.get(str(path)), self.before.get(str(path))):
            if known and known[0] == stamp:
                break
        else:
            known = [stamp, pack.file_sha256(path), versions.file_glibc(path)]
        self.now[str(path)] = known
        return known[1], tuple(known[2])

    def sha256(self, path: Path) -> str:
        return self.facts(path)[0]

    def floor(self, members: list[pack.Member]) -> versions.Floor:
        """Return the highest glibc floor among members, and the first that sets it."""
        floors = (versions.Floor(self.facts(member.source)[1], member.path) for member in members if member.source)
        return versions.highest(floors)

    def remember(self) -> None:
        """Keep what is known for the next build."""
        old = {path: known for path, known in self.now.items() if self.started - max(known[0][-2:]) >= YOUNG}
        if old != self.before:
            cache.write_record(KIND, self.name, json.dumps(old).encode())
