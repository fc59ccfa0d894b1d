"""A bundle's bytes: tar members in layers that are compressed apart, and cached by their content.

Layers are gzip members of one file; GNU tar, bsdtar, busybox tar and Python's "r:gz" read them as one archive. What is
compressed already is stored. The same members give the same bytes, whatever the cache has.
"""

import hashlib
import os
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Optional

from pack import CHUNK, DIRECTORY, FILE, LINK, MTIME, ChangedFile, Member, content_digest

TYPES = {DIRECTORY: tarfile.DIRTYPE, FILE: tarfile.REGTYPE, LINK: tarfile.SYMTYPE}
BLOCK = 512  # tar(5)
END_OF_ARCHIVE = b"\0" * 2 * BLOCK
STORE, COMPRESS = 0, 6  # zlib's levels; 9 takes four times as long as 6 for one percent
# Below this many bytes a layer is compressed anew faster than it is worth a file in the cache.
SMALLEST_LAYER = 1 << 18
SAMPLE = 1 << 16  # bytes of a file that tell whether it is compressed already
INCOMPRESSIBLE = 0.95  # wheels come out at 0.94 to 1.0, text at a third
UNUSED_SECONDS = 30 * 24 * 3600
DIGEST_SIZE = hashlib.sha256().digest_size


class HashingStream:
    """A stream that only takes bytes, and knows their sha256."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.digest = stream, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.digest.update(data)
        self.stream.write(data)


def tar_header(member: Member) -> bytes:
    header = tarfile.TarInfo(member.path)
    header.type, header.mode, header.size = TYPES[member.kind], member.mode, member.size
    header.mtime, header.linkname = MTIME, member.target
    return header.tobuf(tarfile.GNU_FORMAT, "utf-8")


def tar_blocks(member: Member) -> Iterable[bytes]:
    """Yield the bytes of one member; ChangedFile if its file is no longer the one that was hashed."""
    yield tar_header(member)
    if member.source is None:
        yield member.content
    else:
        digest = hashlib.sha256()
        with member.source.open("rb") as stream:
            for chunk in iter(lambda: stream.read(CHUNK), b""):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != member.sha256:
            raise ChangedFile(member.path, member.source)
    yield b"\0" * (-member.size % BLOCK)


def is_compressed(member: Member) -> bool:
    """Tell whether compressing a file would be in vain, by its beginning."""
    if member.source is None or member.size < SAMPLE // 4:
        return False
    with member.source.open("rb") as stream:
        sample = stream.read(SAMPLE)
    return len(zlib.compress(sample, 1)) > INCOMPRESSIBLE * len(sample)


def gzip_compressor(stored: bool):
    return zlib.compressobj(STORE if stored else COMPRESS, zlib.DEFLATED, zlib.MAX_WBITS | 16)


def xz_compressor(stored: bool):
    """Return a compressor of one xz stream; what cannot be compressed it stores, but not without trying."""
    import lzma  # here, because not every Python has it

    return lzma.LZMACompressor(preset=0 if stored else lzma.PRESET_DEFAULT)


# By the ending of the tarball's name.
COMPRESSORS = {"gz": gzip_compressor, "xz": xz_compressor}


def write_stream(blocks: Iterable[bytes], compressor, output: BinaryIO) -> None:
    """Write one gzip member, or xz stream."""
    for block in blocks:
        output.write(compressor.compress(block))
    output.write(compressor.flush())


def write_layer(members: Iterable[Member], output: BinaryIO, compression: str = "gz") -> None:
    """Write members as gzip members, or xz streams: one for those that follow each other and are stored, or are not."""
    for stored, run in groupby(members, is_compressed):
        blocks = (block for member in run for block in tar_blocks(member))
        write_stream(blocks, COMPRESSORS[compression](stored), output)


def write_end(output: BinaryIO, compression: str = "gz") -> None:
    write_stream([END_OF_ARCHIVE], COMPRESSORS[compression](False), output)


def pieces(members: Iterable[Member]) -> Iterator[list[Member]]:
    """Yield members in layers that are worth caching, and of which a change in one file changes one, or a few.

    So where a layer ends depends on names, and on the sizes since the last end only.
    """
    piece: list[Member] = []
    size = 0
    for member in members:
        piece.append(member)
        size += member.size
        if size >= SMALLEST_LAYER and zlib.crc32(member.path.encode()) % 4 == 0:
            yield piece
            piece, size = [], 0
    yield piece


def kept_size(path: Path) -> Optional[int]:
    """Return how many bytes of a cached file are its layer; None if there is no such file, or it is damaged.

    A sha256 of all before it ends the file.
    """
    try:
        with path.open("rb") as stream:
            left = os.fstat(stream.fileno()).st_size - DIGEST_SIZE
            size, digest = left, hashlib.sha256()
            while left > 0:
                chunk = stream.read(min(CHUNK, left))
                digest.update(chunk)
                left -= len(chunk)
            return size if size > 0 and stream.read() == digest.digest() else None
    except FileNotFoundError:
        return None


def keep_layer(members: list[Member], path: Path, compression: str) -> None:
    """Write members as one layer to a file of the cache, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".layer-", delete=False) as temporary:
        try:
            stream = HashingStream(temporary)
            write_layer(members, stream, compression)
            temporary.write(stream.digest.digest())
        except BaseException:
            os.unlink(temporary.name)
            raise
    os.replace(temporary.name, path)
    remove_unused(path.parent)


def remove_unused(cache: Path) -> None:
    """Remove the layers that no build has used for a month: each change of the app leaves one behind."""
    for path in cache.glob("*.layer"):
        with suppress(FileNotFoundError):  # another build may remove it as well
            if time.time() - path.stat().st_mtime > UNUSED_SECONDS:
                path.unlink()


def cached_layer(members: list[Member], cache: Path, compression: str = "gz") -> tuple[Path, int]:
    """Return the file in the directory cache that begins with members as one layer, and the layer's size in bytes.

    It is written now if the cache has none, or a damaged one.
    """
    path = cache / f"{content_digest(members)}{'' if compression == 'gz' else f'.{compression}'}.layer"
    size = kept_size(path)
    if size is None:
        keep_layer(members, path, compression)
        size = path.stat().st_size - DIGEST_SIZE
    os.utime(path)  # when it was used last
    return path, size


def write_cached(members: list[Member], cache: Path, output: BinaryIO, compression: str) -> None:
    path, left = cached_layer(members, cache, compression)
    with path.open("rb") as layer:
        while left > 0:
            chunk = layer.read(min(CHUNK, left))
            output.write(chunk)
            left -= len(chunk)


def is_worth_caching(members: list[Member]) -> bool:
    """Tell whether a layer has so much to compress that the next build should find it done."""
    size = 0
    for member in members:
        if not is_compressed(member):
            size += member.size
        if size >= SMALLEST_LAYER:
            return True
    return False


def write_archive(parts: Iterable[list[Member]], cache: Path, output: Path) -> str:
    """Write layers, out of the cache what is worth it, to the file output; return its sha256.

    They are compressed with xz if the file's name says so, else with gzip.
    """
    compression = "xz" if output.suffix == ".xz" else "gz"
    with output.open("wb") as stream:
        hashing = HashingStream(stream)
        for members in parts:
            if is_worth_caching(members):
                write_cached(members, cache, hashing, compression)
            else:
                write_layer(members, hashing, compression)
        write_end(hashing, compression)
    return hashing.digest.hexdigest()
