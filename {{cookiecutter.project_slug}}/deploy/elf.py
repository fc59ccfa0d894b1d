"""ELF files: which versions of their libraries' symbols they need. 32 and 64 bit, little-endian."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAGIC = b"\x7fELF"
LITTLE_ENDIAN = b"\1"
WIDE = 2  # 64 bit
HEADER_SIZE = 64  # of 64 bit; that of 32 is 52
VERSION_NEEDS = 0x6FFFFFFE  # SHT_GNU_verneed, elf.h


class Section(NamedTuple):
    """The fields of a section header that matter here, as elf(5) names them without their "sh_"."""

    type: int
    link: int
    offset: int
    size: int
    info: int


def part(stream: BinaryIO, offset: int, size: int) -> bytes:
    stream.seek(offset)
    return stream.read(size)


def sections_of(stream: BinaryIO, header: bytes) -> list[Section]:
    """Return the sections of an ELF file that begins with header."""
    wide = header[4] == WIDE
    (table,) = struct.unpack_from("<Q", header, 40) if wide else struct.unpack_from("<I", header, 32)
    size, count = struct.unpack_from("<HH", header, 58 if wide else 46)
    fields = struct.Struct("<4xI16xQQII" if wide else "<4xI8xIIII")
    data = part(stream, table, size * count)
    headers = (fields.unpack_from(data, size * number) for number in range(count))
    return [Section(kind, link, offset, length, info) for kind, offset, length, link, info in headers]


def text_at(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode()


def version_names(data: bytes, number: int, strings: bytes) -> Iterator[str]:
    """Yield the version names of a .gnu.version_r section of that number of entries; strings is its string table.

    Source: Linux Standard Base, "Symbol Versioning", Elfxx_Verneed and Elfxx_Vernaux.
    """
    need = 0
    for _ in range(number):
        auxiliaries, first, following = struct.unpack_from("<2xH4xII", data, need)
        auxiliary = need + first
        for _ in range(auxiliaries):
            name, step = struct.unpack_from("<8xII", data, auxiliary)
            yield text_at(strings, name)
            auxiliary += step
        need += following


def needed_versions(stream: BinaryIO) -> list[str]:
    """Return every symbol version that a file needs of its libraries, such as GLIBC_2.34; only what tells it is read.

    A file that is not a whole little-endian ELF file needs none: no target can load it.
    """
    header = part(stream, 0, HEADER_SIZE)
    if header[:4] != MAGIC or header[5:6] != LITTLE_ENDIAN:
        return []
    try:
        sections = sections_of(stream, header)
        names = []
        for need in (section for section in sections if section.type == VERSION_NEEDS):
            strings = sections[need.link]
            tables = [part(stream, section.offset, section.size) for section in (need, strings)]
            names += version_names(tables[0], need.info, tables[1])
        return names
    except (struct.error, IndexError, ValueError, OverflowError):
        return []
