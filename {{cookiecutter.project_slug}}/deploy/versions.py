"""Versions and what fits what: VERSION names, wheel tags and a target, the oldest glibc that files run on.

Usage:
  versions.py version VERSION      is VERSION a valid name?
  versions.py floor [--each] PATH...   print the glibc floor of ELF files, wheels and what is below directories, and the
                                   file that sets it; with --each, that of every file that has one
  versions.py wheels DIR --python 3.11.2 --arch x86_64 --glibc 2.36 [--abi cp311] [--lock LOCK]
                                   do all wheels of DIR fit, and is all there that LOCK pins?
  versions.py interpreter "3.11.2 cp311" --python 3.11.2 [--abi cp311]
                                   is what wheels/describe-python.sh prints of an interpreter the wanted one?
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
from wheel_tags import directory_problems, missing_wheels, pinned, usual_abi

VERSION_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Symbol versions of glibc that are not numbers: what they mean is in glibc's NEWS for these releases.
NAMED_GLIBC_VERSIONS = {"GLIBC_ABI_DT_RELR": (2, 36), "GLIBC_ABI_GNU2_TLS": (2, 42)}

Glibc = tuple[int, ...]


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


def stream_glibc(stream: BinaryIO) -> Glibc:
    """Return the newest glibc version that an open file asks for, () if it is not ELF; only what tells it is read."""
    found = [()]
    for name in elf.needed_versions(stream):
        if name in NAMED_GLIBC_VERSIONS:
            found.append(NAMED_GLIBC_VERSIONS[name])
        elif re.fullmatch(r"GLIBC_[0-9.]+", name):
            found.append(numbers(name[len("GLIBC_") :]))
    return max(found)


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
    return highest(Floor(file_glibc(path), name) for name, path in files)


def highest(floors: Iterable[Floor]) -> Floor:
    """Return the first of the highest floors."""
    return max([Floor((), ""), *floors], key=lambda item: item.glibc)


def regular_files(paths: list[Path]) -> Iterator[Path]:
    """Yield the files named, and those below the directories named, sorted."""
    for path in sorted(paths):
        if path.is_dir():
            yield from regular_files([entry for entry in path.iterdir() if not entry.is_symlink()])
        elif path.is_file():
            yield path


def interpreter_problems(description: str, python: Glibc, abi: str) -> list:
    """Return why an interpreter that describes itself so, as in "2.7.18 cp27mu", is not the wanted one."""
    wanted = f"{'.'.join(map(str, python))} {abi}"
    return [] if description == wanted else [f"the interpreter is {description or 'none'}, not {wanted}"]


def parse_arguments(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("version").add_argument("version")
    floor_command = commands.add_parser("floor")
    floor_command.add_argument("--each", action="store_true")
    floor_command.add_argument("paths", nargs="+", type=Path)
    wheels, interpreter = commands.add_parser("wheels"), commands.add_parser("interpreter")
    wheels.add_argument("directory", type=Path)
    wheels.add_argument("--arch", required=True)
    wheels.add_argument("--glibc", required=True, type=numbers)
    wheels.add_argument("--lock", type=Path)
    interpreter.add_argument("description")
    for command in (wheels, interpreter):
        command.add_argument("--python", required=True, type=numbers)
        command.add_argument("--abi")
    try:
        return parser.parse_args(arguments)
    except SystemExit as stop:
        sys.exit(64 if stop.code else 0)


def print_floors(paths: list[Path], each: bool) -> None:
    files = [(str(path), path) for path in regular_files(paths)]
    found = [Floor(file_glibc(path), name) for name, path in files] if each else [floor(files)]
    for glibc, name in found:
        if glibc or not each:
            print(".".join(map(str, glibc)) or "none", name)


def wheels_problems(options: argparse.Namespace) -> list:
    abi = options.abi or usual_abi(options.python)
    problems = directory_problems(options.directory, options.python, abi, options.arch, options.glibc)
    lock = options.lock.read_text(encoding="utf-8") if options.lock else ""
    return problems + missing_wheels(options.directory, pinned(lock))


def problems_of(options: argparse.Namespace) -> list:
    """Run the command, and return what is wrong: sentences."""
    if options.command == "version":
        return [] if is_version(options.version) else [f"VERSION must match {VERSION_PATTERN.pattern}"]
    if options.command == "wheels":
        return wheels_problems(options)
    if options.command == "interpreter":
        return interpreter_problems(options.description, options.python, options.abi or usual_abi(options.python))
    print_floors(options.paths, options.each)
    return []


def main(arguments: list) -> int:
    problems = problems_of(parse_arguments(arguments))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 78 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
