"""What the builder remembers of files and trees: never what is no longer so, and never what a damaged cache says."""

import json
import os
import time
from pathlib import Path

import pytest

import building

cache = building.part("builder.cache")
known_files = building.part("builder.known_files")
output = building.part("builder.output")
pack = building.part("pack")
trees = building.part("builder.trees")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def reads(monkeypatch):
    """The paths of the files that were read to be hashed."""
    paths = []
    read = pack.file_sha256
    monkeypatch.setattr(pack, "file_sha256", lambda path: paths.append(path) or read(path))
    return paths


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file that is old enough to be remembered."""
    monkeypatch.setattr(known_files, "YOUNG", 50_000_000)
    path = tmp_path / "app.py"
    path.write_text("one")
    time.sleep(0.06)
    return path


def ask(*files):
    known = known_files.KnownFiles(Path("/project"))
    found = [known.sha256(path) for path in files]
    known.remember()
    return found


def sha256(text):
    return pack.file_of_bytes("name", text.encode()).sha256


def record(kind):
    (path,) = cache.directory(kind).iterdir()
    return path


def test_an_unchanged_file_is_read_once(file, reads):
    assert ask(file) == ask(file) == ask(file) == [sha256("one")]
    assert reads == [file]


def test_a_change_that_hides_behind_the_same_size_and_time_is_seen(file, reads):
    ask(file)
    times = file.stat()
    file.write_text("two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert ask(file) == [sha256("two")]


def test_another_file_in_its_place_is_seen(file, reads):
    ask(file)
    other = file.with_name("other")
    other.write_text("two")
    os.replace(other, file)
    assert ask(file) == [sha256("two")]


def test_a_file_that_was_just_changed_is_not_remembered(file, reads):
    file.write_text("two")
    ask(file)
    ask(file)
    assert reads == [file, file]


def test_a_file_that_is_gone_is_forgotten(file):
    ask(file)
    ask()
    assert json.loads(record("files").read_bytes().partition(b"\n")[2]) == {}


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b"\n{}"])
def test_a_damaged_memory_is_not_believed(file, reads, damage):
    ask(file)
    record("files").write_bytes(damage)
    assert ask(file) == [sha256("one")]
    assert reads == [file, file]


def test_a_hash_that_was_changed_in_the_memory_is_not_believed(file):
    ask(file)
    path = record("files")
    path.write_bytes(path.read_bytes().replace(sha256("one").encode(), sha256("two").encode()))
    assert ask(file) == [sha256("one")]


def entry(content="one"):
    def make(directory):
        (directory / "sub").mkdir()
        (directory / "sub" / "file").write_text(content)
        (directory / "link").symlink_to("sub/file")

    return cache.entry("wheels", "name", make)


def test_a_tree_is_read_once(monkeypatch):
    first = trees.of(entry())
    monkeypatch.setattr(trees, "look", None)
    assert first == trees.of(entry())
    assert [member.manifest_line for member in first.members] == [
        *("l 0777 link -> sub/file", "d 0755 sub", "f 0444 sub/file")
    ]


def test_an_entry_that_was_made_anew_is_looked_at_anew():
    path = entry()
    trees.of(path)
    (path / "sub/file").unlink()
    (path / "sub").rmdir()
    (path / "link").unlink()
    path.rmdir()
    assert trees.of(entry("two")).digests == {"sub/file": sha256("two")}


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data.replace(b"sub", b"bus")]
)
def test_a_damaged_record_of_a_tree_is_not_believed(damage):
    first = trees.of(entry())
    path = record("trees")
    path.write_bytes(damage(path.read_bytes()))
    assert trees.of(entry()) == first


def test_the_message_on_a_damaged_entry_says_what_to_remove():
    failure = cache.damaged(entry() / "sub/file")
    assert failure.code == output.UNAVAILABLE
    assert str(failure).endswith(f"remove it and build again: rm -rf {entry()}")
