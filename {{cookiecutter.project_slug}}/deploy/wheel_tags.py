"""Wheels by their file names: what a name says, and whether a target takes it (PEP 425, 427, 513, 600)."""

import re
from pathlib import Path
from typing import NamedTuple

# PEP 513, 571 and 599; later ones name their glibc themselves (PEP 600).
MANYLINUX_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

# A line of a lock: name, extras and exact version.
PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)

Numbers = tuple[int, ...]


class Wheel(NamedTuple):
    """What the file name of a wheel says (PEP 427); the tags are sets, as PEP 425 compresses them."""

    name: str
    version: str
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]


def parse_wheel_name(file_name: str) -> Wheel:
    """Return the parts of a wheel's file name; ValueError if it is none."""
    parts = file_name[: -len(".whl")].split("-") if file_name.endswith(".whl") else []
    if len(parts) not in (5, 6):
        raise ValueError(f"{file_name}: not a wheel's file name")
    name, version = parts[:2]
    pythons, abis, platforms = (tuple(part.split(".")) for part in parts[-3:])
    return Wheel(name, version, pythons, abis, platforms)


def usual_abi(python: Numbers) -> str:
    """Return the ABI tag of a CPython as distributions build it: with pymalloc, and in Python 2 with wide Unicode."""
    own = f"cp{python[0]}{python[1]}"
    return own + ("mu" if python < (3,) else "m" if python < (3, 8) else "")


def python_fits(tag: str, abi: str, python: Numbers, own_abi: str) -> bool:
    """Tell whether CPython (a version such as (3, 11, 2), and its ABI) accepts a Python and an ABI tag together."""
    match = re.fullmatch(r"(py|cp)(\d)(\d*)", tag)
    if not match or int(match[2]) != python[0]:
        return False
    minor = int(match[3] or 0)
    if match[1] == "py":
        return abi == "none" and minor <= python[1]
    if abi == "abi3":
        return python[0] == 3 and 2 <= minor <= python[1]
    return tag == f"cp{python[0]}{python[1]}" and abi in ("none", own_abi)


def platform_fits(tag: str, arch: str, glibc: Numbers) -> bool:
    """Tell whether a platform tag is for this arch (as uname -m says it) and at most this glibc."""
    if tag in ("any", f"linux_{arch}"):
        return True
    match = re.fullmatch(rf"(manylinux\d+|manylinux_(\d+)_(\d+))_{re.escape(arch)}", tag)
    if not match:
        return False
    needed = (int(match[2]), int(match[3])) if match[2] else MANYLINUX_GLIBC.get(match[1])
    return needed is not None and needed <= glibc


def wheel_problems(file_name: str, python: Numbers, abi: str, arch: str, glibc: Numbers) -> list:
    """Return why a wheel does not fit a target: a list of sentences, empty if it does."""
    try:
        wheel = parse_wheel_name(file_name)
    except ValueError as error:
        return [str(error)]
    abis = {found for tag in wheel.pythons for found in wheel.abis if python_fits(tag, found, python, abi)}
    if not abis:
        return [f"{file_name}: is not for Python {'.'.join(map(str, python))} with ABI {abi}"]
    # A wheel with an ABI is for some platform: pip takes no such wheel for "any".
    platforms = [tag for tag in wheel.platforms if tag != "any" or "none" in abis]
    if not any(platform_fits(tag, arch, glibc) for tag in platforms):
        return [f"{file_name}: is not for {arch} with glibc {'.'.join(map(str, glibc))}"]
    return []


def directory_problems(directory: Path, python: Numbers, abi: str, arch: str, glibc: Numbers) -> list:
    """Return why wheels of a directory do not fit a target."""
    return [
        problem
        for path in sorted(directory.glob("*.whl"))
        for problem in wheel_problems(path.name, python, abi, arch, glibc)
    ]


def canonical(name: str) -> str:
    """Return a project's name as PEP 503 normalizes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def missing_wheels(directory: Path, pinned: dict[str, str]) -> list:
    """Return a sentence for each (normalized name, version) of a lock that no wheel of a directory is of."""
    wheels = [parse_wheel_name(path.name) for path in directory.glob("*.whl")]
    present = {canonical(wheel.name): wheel.version for wheel in wheels}
    return [
        f"{name}=={version} of the lock has no wheel"
        for name, version in sorted(pinned.items())
        if name not in present or not same_version(present[name], version)
    ]


def same_version(first: str, second: str) -> bool:
    """Tell whether two versions have the same numbers: 1.0-rc1 is 1.0rc1, and 1.0 is 1.0.0 (PEP 440)."""
    return significant_numbers(first) == significant_numbers(second)


def significant_numbers(version: str) -> list:
    found = [int(number) for number in re.findall(r"\d+", version)]
    while found and found[-1] == 0:
        found.pop()
    return found


def pinned(text: str) -> dict[str, str]:
    """Return the versions that a lock's text pins, by normalized name."""
    return {canonical(name): version for name, version in PINNED.findall(text)}
