"""Small files that become large: refused, and before they take more of the disk than BUNDLE admits."""

import os
import threading
from contextlib import contextmanager

import pytest

import archives
from archives import BLOCK, Entry, long_name, records
from cases import SHELLS
from handmade import Bundle
from honest import gz, xz
from judging import base_of, bring, install

LARGE = 32 << 20
ROOM = 4 << 20  # for the copy of the bundle, and the few kilobytes that BUNDLE admits
ENDINGS = {"gz": gz, "xz": xz}


def whole(*entries, blocks=b"", **values):
    """A bundle whose BUNDLE says some values, and which has more entries or blocks than it lists."""
    good = archives.archive([*archives.entries_of(Bundle(values=values).members()), *entries])
    return good[: -2 * BLOCK] + blocks + good[-2 * BLOCK :]


def head(text):
    return archives.archive(archives.entries_of(Bundle(files={archives.HEAD: text}).members()))


def zeros():
    return Entry(b"app-v1/zeros", bytes(LARGE))


# What is in the .tar, and the status that is due.
BOMBS = {
    "a member": (lambda: whole(zeros()), 65),
    "zeros after the end": (lambda: whole() + bytes(LARGE), 65),
    "a name": (lambda: whole(Entry(b"x", before=long_name(b"n" * LARGE))), 65),
    "a record": (lambda: whole(Entry(b"x", before=records([("comment", "x" * LARGE)]))), 65),
    "members": (lambda: whole(blocks=Entry(b"app-v1/x").blocks() * (LARGE // BLOCK)), 65),
    "a list": (lambda: whole(Entry(b"app-v1/SHA256SUMS", b"x" * LARGE)), 65),
    "BUNDLE": (lambda: head(Bundle().head() + b"X=" + b"x" * LARGE + b"\n"), 65),
    "BUNDLE's first line": (lambda: head(b"X=" + b"x" * LARGE + b"\n" + Bundle().head()), 65),
    "as many bytes as it says": (lambda: whole(zeros(), UNPACKED_BYTES="9" * 15), 78),
    "as many members as it says": (lambda: whole(zeros(), MEMBERS="9999999"), 78),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_before_they_fill_the_disk(cell, bomb, ending):
    make, status = BOMBS[bomb]
    bring(cell, {f"app-v1.tar.{ending}": ENDINGS[ending](make())})
    with watched(base_of(cell, root=True).parent) as used:
        assert install(cell, (True, SHELLS[0])) == status
    assert max(used) < ROOM


@contextmanager
def watched(place):
    """The bytes that are used on the file system of a directory, a hundred times a second."""
    used, done = [], threading.Event()

    def watch():
        while not done.wait(0.01):
            status = os.statvfs(place)
            used.append((status.f_blocks - status.f_bfree) * status.f_frsize)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield used
    finally:
        done.set()
        watcher.join()
