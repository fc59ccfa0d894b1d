"""deploy/layers.py: what is compressed, stored and cached, and that a cache, whatever became of it, changes no byte."""

import gzip
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import building

layers = building.part("layers")
pack = building.part("pack")

TEXT = b"".join(b"line %d of a module\n" % number for number in range(20000))
RANDOM = random.Random(1).randbytes(200_000)
HEAD = [pack.file_of_bytes("app-v1/BUNDLE", b"FORMAT=1\n")]


@pytest.fixture
def cache(tmp_path):
    directory = tmp_path / "layers"
    directory.mkdir()
    return directory


@pytest.fixture
def tree(tmp_path):
    """Members of a tree with text, an image in the midst of it, and what is too small to be worth a look."""
    root = tmp_path / "tree"
    root.mkdir()
    for name, content in (("a.py", TEXT), ("b.png", RANDOM), ("c.py", TEXT[:50_000]), ("d.bin", RANDOM[:100])):
        (root / name).write_bytes(content)
    return root


def write(tmp_path, cache, tree, name="out.tar.gz"):
    path = tmp_path / name
    digest = layers.write_archive([HEAD, pack.tree_members(tree, "app-v1/")], cache, path)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    return path


def only(directory):
    (path,) = directory.iterdir()
    return path


def test_what_is_compressed_already_is_stored(tmp_path, cache, tree):
    data = write(tmp_path, cache, tree).read_bytes()
    # Deflate stores at most 65,535 bytes in a block; each is there as it is.
    assert RANDOM[1000:50_000] in data
    assert TEXT[:1000] not in data
    assert len(data) < len(RANDOM) + 0.3 * len(TEXT)


@pytest.mark.parametrize("reader", [["tar"], ["busybox", "tar"], ["bsdtar"], [sys.executable, "-m", "tarfile"]])
def test_every_reader_reads_what_is_compressed_and_what_is_stored(tmp_path, cache, tree, reader):
    if not shutil.which(reader[0]):
        pytest.skip(f"there is no {reader[0]}")
    path = write(tmp_path, cache, tree)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    options = ["-xzf", path] if reader[-1] != "tarfile" else ["-e", path]
    subprocess.run([*reader, *options], cwd=unpacked, check=True)
    for file in tree.iterdir():
        assert (unpacked / "app-v1" / file.name).read_bytes() == file.read_bytes()
    assert (unpacked / "app-v1/BUNDLE").exists()


def test_a_layer_is_compressed_once(tmp_path, cache, tree, monkeypatch):
    first = write(tmp_path, cache, tree).read_bytes()
    monkeypatch.setattr(layers, "keep_layer", None)
    assert write(tmp_path, cache, tree).read_bytes() == first


def test_layers_that_were_not_used_for_a_month_go(tmp_path, cache, tree):
    write(tmp_path, cache, tree)
    used, unused = only(cache), cache / "unused.layer"
    unused.write_bytes(b"layer")
    month = 31 * 24 * 3600
    for path in (used, unused):
        os.utime(path, (time.time() - month,) * 2)
    write(tmp_path, cache, tree)
    (tree / "a.py").write_bytes(TEXT + TEXT)
    write(tmp_path, cache, tree)
    assert used.exists() and not unused.exists()


DAMAGES = {
    "cut short": lambda data: data[:-1],
    "cut to nothing": lambda data: b"",
    "cut to its digest": lambda data: data[-32:],
    "a byte flipped at the beginning": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "a byte flipped within": lambda data: data[:5000] + bytes([data[5000] ^ 128]) + data[5001:],
    "a byte flipped in its digest": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "grown": lambda data: data + b"more",
    "emptied by a power cut": lambda data: b"\0" * len(data),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_layer_is_made_anew(tmp_path, cache, tree, damage):
    first = write(tmp_path, cache, tree).read_bytes()
    layer = only(cache)
    whole = layer.read_bytes()
    layer.write_bytes(DAMAGES[damage](whole))
    assert write(tmp_path, cache, tree).read_bytes() == first
    assert only(cache).read_bytes() == whole


def test_builds_at_once_share_the_cache(tmp_path, cache, tree):
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda number: write(tmp_path, cache, tree, f"{number}.tar.gz"), range(8)))
    assert len({path.read_bytes() for path in paths}) == 1
    assert [path.suffix for path in cache.iterdir()] == [".layer"]


def test_a_file_that_changes_meanwhile_is_noticed_and_no_layer_is_left(tmp_path, cache):
    source = tmp_path / "file"
    source.write_bytes(TEXT)
    members = [pack.file_of_disk("file", source)]
    source.write_bytes(TEXT[::-1])
    with pytest.raises(pack.ChangedFile, match="changed while it was packed") as change:
        layers.cached_layer(members, cache)
    assert change.value.source == source
    assert list(cache.iterdir()) == []


def test_a_layer_is_whole_gzip_without_the_end_of_the_archive(cache):
    path, size = layers.cached_layer([pack.file_of_bytes("name", b"content")], cache)
    plain = gzip.decompress(path.read_bytes()[:size])
    assert len(plain) == 1024  # a header and a block of content
    assert plain[512:] == b"content".ljust(512, b"\0")


def large_tree(changed=-1):
    """200 modules of 20 kB, one of them changed."""
    return [
        pack.file_of_bytes(f"app-v1/module{number:03}.py", TEXT[number : 20_000 + number + (number == changed)])
        for number in range(200)
    ]


@pytest.mark.parametrize("changed", [0, 77, 199])
def test_a_change_in_one_file_of_many_touches_one_layer_or_its_neighbour(changed):
    before = {pack.content_digest(piece) for piece in layers.pieces(large_tree())}
    after = {pack.content_digest(piece) for piece in layers.pieces(large_tree(changed))}
    assert len(before) >= 8
    assert 1 <= len(after - before) <= 3


def test_pieces_hold_every_member_in_order():
    assert [member for piece in layers.pieces(large_tree()) for member in piece] == large_tree()
    assert list(layers.pieces([])) == [[]]


LARGE = """
import re, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import layers, pack
member = pack.file_of_disk("large.whl", Path(sys.argv[2]))
layers.write_archive([[member]], Path(sys.argv[3]), Path(sys.argv[4]))
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def test_a_large_file_does_not_fill_the_memory(tmp_path, cache):
    large = tmp_path / "large"
    with large.open("wb") as stream:
        for _ in range(500):
            stream.write(RANDOM)
    command = [sys.executable, "-B", "-c", LARGE, building.TEMPLATE / "deploy", large, cache, tmp_path / "out"]
    kibibytes = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert kibibytes < 60 * 1024 < large.stat().st_size / 1024
    with tarfile.open(tmp_path / "out", "r:gz") as archive:
        assert archive.getmember("large.whl").size == large.stat().st_size
    assert list(cache.iterdir()) == []
