"""Versions and what fits what: VERSION names, wheel tags and a target, the oldest glibc that files run on.

Usage:
  versions.py version VERSION      is VERSION a valid name?
  versions.py floor PATH...        print the glibc floor of ELF files, wheels and what is below directories
  versions.py wheels DIR --python 3.11.2 --arch x86_64 --glibc 2.36      do all wheels of DIR fit?
Exit codes: 0 yes; 64 usage; 78 no, and why on stderr.
"""

import argparse
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import elf

VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Symbol versions of glibc that are not numbers: what they mean is in glibc's NEWS for these releases.
NAMED_GLIBC_VERSIONS = {"GLIBC_ABI_DT_RELR": (2, 36), "GLIBC_ABI_GNU2_TLS": (2, 42)}
# PEP 513, 571 and 599; later ones name their glibc themselves (PEP 600).
MANYLINUX_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

Glibc = tuple[int, ...]


class Wheel(NamedTuple):
    """What the file name of a wheel says (PEP 427); the tags are sets, as PEP 425 compresses them."""

    name: str
    version: str
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]


class Floor(NamedTuple):
    """The oldest glibc that a file runs on, and that file."""

    glibc: Glibc
    path: str


def numbers(text: str) -> Glibc:
    """Return "2.36" as (2, 36)."""
    return tuple(int(part) for part in text.split("."))


def is_version(text: str) -> bool:
    """Tell whether text can name a release: it becomes a directory and a systemd instance."""
    return VERSION_PATTERN.fullmatch(text) is not None


def elf_glibc(data: bytes) -> Glibc:
    """Return the newest glibc version that the ELF file's bytes ask for, () if none."""
    found = [()]
    for name in elf.needed_versions(data):
        if name in NAMED_GLIBC_VERSIONS:
            found.append(NAMED_GLIBC_VERSIONS[name])
        elif re.fullmatch(r"GLIBC_[0-9.]+", name):
            found.append(numbers(name[len("GLIBC_") :]))
    return max(found)


def stream_glibc(stream: BinaryIO) -> Glibc:
    """Return the glibc floor of one open file, () if it is not ELF."""
    magic = stream.read(len(elf.MAGIC))
    return elf_glibc(magic + stream.read()) if magic == elf.MAGIC else ()


def wheel_glibc(path: Path) -> Glibc:
    """Return the glibc floor of everything inside a wheel, () if it is no zip file."""
    if not zipfile.is_zipfile(path):
        return ()
    with zipfile.ZipFile(path) as archive:
        floors = [()]
        for name in archive.namelist():
            with archive.open(name) as stream:
                floors.append(stream_glibc(stream))
    return max(floors)


def file_glibc(path: Path) -> Glibc:
    """Return the glibc floor of an ELF file or a wheel, () of any other file."""
    if path.suffix == ".whl":
        return wheel_glibc(path)
    with path.open("rb") as stream:
        return stream_glibc(stream)


def floor(files: Iterable[tuple[str, Path]]) -> Floor:
    """Return the highest glibc floor among (name, regular file) pairs, and the first name that sets it."""
    floors = (Floor(file_glibc(path), name) for name, path in files)
    return max([Floor((), ""), *floors], key=lambda item: item.glibc)


def parse_wheel_name(file_name: str) -> Wheel:
    """Return the parts of a wheel's file name; ValueError if it is none."""
    parts = file_name[: -len(".whl")].split("-") if file_name.endswith(".whl") else []
    if len(parts) not in (5, 6):
        raise ValueError(f"{file_name}: not a wheel's file name")
    name, version = parts[:2]
    pythons, abis, platforms = (tuple(part.split(".")) for part in parts[-3:])
    return Wheel(name, version, pythons, abis, platforms)


def python_fits(tag: str, abi: str, python: Glibc) -> bool:
    """Tell whether CPython (a version such as (3, 11, 2)) accepts a Python tag together with an ABI tag."""
    match = re.fullmatch(r"(py|cp)(\d)(\d*)", tag)
    if not match or int(match[2]) != python[0]:
        return False
    minor = int(match[3] or 0)
    if match[1] == "py":
        return abi == "none" and minor <= python[1]
    if abi == "abi3":
        return python[0] == 3 and 2 <= minor <= python[1]
    own = f"cp{python[0]}{python[1]}"
    return tag == own and re.fullmatch(f"none|{own}m?u?", abi) is not None


def platform_fits(tag: str, arch: str, glibc: Glibc) -> bool:
    """Tell whether a platform tag is for this arch (as uname -m says it) and at most this glibc."""
    if tag in ("any", f"linux_{arch}"):
        return True
    match = re.fullmatch(rf"(manylinux\d+|manylinux_(\d+)_(\d+))_{re.escape(arch)}", tag)
    if not match:
        return False
    needed = (int(match[2]), int(match[3])) if match[2] else MANYLINUX_GLIBC.get(match[1])
    return needed is not None and needed <= glibc


def wheel_problems(file_name: str, python: Glibc, arch: str, glibc: Glibc) -> list:
    """Return why a wheel does not fit a target: a list of sentences, empty if it does."""
    try:
        wheel = parse_wheel_name(file_name)
    except ValueError as error:
        return [str(error)]
    problems = []
    if not any(python_fits(tag, abi, python) for tag in wheel.pythons for abi in wheel.abis):
        problems.append(f"{file_name}: is not for Python {'.'.join(map(str, python))}")
    # A wheel with an ABI is for some platform: pip takes no such wheel for "any".
    platforms = [tag for tag in wheel.platforms if tag != "any" or "none" in wheel.abis]
    if not any(platform_fits(tag, arch, glibc) for tag in platforms):
        problems.append(f"{file_name}: is not for {arch} with glibc {'.'.join(map(str, glibc))}")
    return problems


def directory_problems(directory: Path, python: Glibc, arch: str, glibc: Glibc) -> list:
    """Return why wheels of a directory do not fit a target."""
    return [
        problem
        for path in sorted(directory.glob("*.whl"))
        for problem in wheel_problems(path.name, python, arch, glibc)
    ]


def regular_files(paths: list[Path]) -> Iterator[Path]:
    """Yield the files named, and those below the directories named, sorted."""
    for path in sorted(paths):
        if path.is_dir():
            yield from regular_files([entry for entry in path.iterdir() if not entry.is_symlink()])
        elif path.is_file():
            yield path


def parse_arguments(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("version").add_argument("version")
    commands.add_parser("floor").add_argument("paths", nargs="+", type=Path)
    wheels = commands.add_parser("wheels")
    wheels.add_argument("directory", type=Path)
    wheels.add_argument("--python", required=True, type=numbers)
    wheels.add_argument("--arch", required=True)
    wheels.add_argument("--glibc", required=True, type=numbers)
    try:
        return parser.parse_args(arguments)
    except SystemExit as stop:
        sys.exit(64 if stop.code else 0)


def main(arguments: list) -> int:
    options = parse_arguments(arguments)
    problems: list = []
    if options.command == "version" and not is_version(options.version):
        problems = [f"VERSION must match {VERSION_PATTERN.pattern}"]
    elif options.command == "floor":
        glibc, path = floor((str(path), path) for path in regular_files(options.paths))
        print(".".join(map(str, glibc)) or "none", path)
    elif options.command == "wheels":
        problems = directory_problems(options.directory, options.python, options.arch, options.glibc)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 78 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
