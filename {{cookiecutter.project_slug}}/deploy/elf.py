"""ELF files: which versions of their libraries' symbols they need. 32 and 64 bit, little-endian."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"\x7fELF"
LITTLE_ENDIAN = b"\1"
WIDE = 2  # 64 bit
VERSION_NEEDS = 0x6FFFFFFE  # SHT_GNU_verneed, elf.h


class Section(NamedTuple):
    """The fields of a section header that matter here, as elf(5) names them without their "sh_"."""

    type: int
    link: int
    offset: int
    info: int


def sections_of(data: bytes) -> list[Section]:
    """Return the sections of an ELF file."""
    wide = data[4] == WIDE
    (table,) = struct.unpack_from("<Q", data, 40) if wide else struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 58 if wide else 46)
    fields = struct.Struct("<4xI16xQ8xII" if wide else "<4xI8xI4xII")
    headers = (fields.unpack_from(data, table + size * number) for number in range(count))
    return [Section(kind, link, offset, info) for kind, offset, link, info in headers]


def text_at(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode()


def version_names(data: bytes, section: Section, strings: int) -> Iterator[str]:
    """Yield the version names of a .gnu.version_r section; strings is where its string table begins.

    Source: Linux Standard Base, "Symbol Versioning", Elfxx_Verneed and Elfxx_Vernaux.
    """
    need = section.offset
    for _ in range(section.info):
        auxiliaries, first, following = struct.unpack_from("<2xH4xII", data, need)
        auxiliary = need + first
        for _ in range(auxiliaries):
            name, step = struct.unpack_from("<8xII", data, auxiliary)
            yield text_at(data, strings + name)
            auxiliary += step
        need += following


def needed_versions(data: bytes) -> list[str]:
    """Return every symbol version that a file needs of its libraries, such as GLIBC_2.34.

    A file that is not a whole little-endian ELF file needs none: no target can load it.
    """
    if data[:4] != MAGIC or data[5:6] != LITTLE_ENDIAN:
        return []
    try:
        sections = sections_of(data)
        needs = [section for section in sections if section.type == VERSION_NEEDS]
        return [name for need in needs for name in version_names(data, need, sections[need.link].offset)]
    except (struct.error, IndexError, ValueError):
        return []
