"""What a bundle brings of a Python that the box has or compiles: a stub, pip, and in mode source what to compile.

The stub runs the Python below `local`, which setup.sh makes beside it: a link to the box's own, or what was compiled.
"""

from pathlib import Path

import pack
import versions
from builder import modes, pairs, sources, systems, trees
from builder.settings import WHEELS
from builder.targets import Target

STUB = """\
#!/bin/sh
exec "$(CDPATH= cd -P "${{0%/*}}/../local" && pwd)/bin/python{series}" "$@"
"""
SCRIPTS = (
    *("compile-on-box.sh", "build-python.sh", "build-openssl.sh", "build-autoconf-library.sh"),
    *("trim-python.sh", "compile-stdlib.sh", "check_stdlib.py"),
)
XZ = b"\xfd7zXZ\x00"


def tree(target: Target, shipped: Path) -> trees.Tree:
    """Return the bundle's interpreter directory, in which nothing is compiled, and so nothing needs a glibc."""
    return trees.Tree(members(target, shipped), versions.Floor((), ""))


def members(target: Target, shipped: Path) -> list[pack.Member]:
    """Return its members; shipped is the interpreter that made the wheels."""
    stub = pack.file_of_bytes(f"bin/python{target.python_series}", STUB.format(series=target.python_series).encode())
    found = [pack.directory("bin"), stub._replace(mode=0o555), *packages(target, shipped)]
    if modes.of_target(target) == modes.SOURCE:
        found += recipe_members(target)
    return sorted(found)


def packages(target: Target, shipped: Path) -> list[pack.Member]:
    """Return pip, and for Python 2 virtualenv, which setup.sh runs from here; what was compiled stays home."""
    top = f"lib/python{target.python_series}/site-packages"
    tree = pack.tree_members(shipped / top, f"{top}/", lambda path: path.suffix == ".so")
    return [*(pack.directory(part) for part in ("lib", top.rpartition("/")[0], top)), *tree]


def recipe_members(target: Target) -> list[pack.Member]:
    """Return the sources, the scripts that compile them, and what these must be told."""
    found = [pack.member_of_disk(f"source/{name}", WHEELS / name) for name in SCRIPTS]
    found += [pack.file_of_disk(f"source/{name}", path) for name, path in tarballs(target).items()]
    return [pack.directory("source"), pack.file_of_bytes("source/recipe", recipe(target).encode()), *found]


def recipe(target: Target) -> str:
    """Return the KEY=value lines that compile-on-box.sh reads."""
    pair = pairs.of_target(target)
    lines = {
        "VERSION": target.python,
        "LIBRARIES": " ".join(f"{name}={version}" for name, version in pair.libraries),
        "MORE_CFLAGS": pair.cflags,
        "COMPILER_PATH": pair.path,
        "ABSENT": " ".join(dict(pair.absent)),
        "MTIME": pack.MTIME,
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def tarballs(target: Target) -> dict[str, Path]:
    """Return the sources, upstream's own files, under the names that they have on the box."""
    ending = systems.row_of(target).get("tar", "")
    found = {f"Python-{target.python}": sources.tarball("cpython", target.python, ending)}
    for name, version in pairs.of_target(target).libraries:
        found[f"{name}-{version}"] = sources.tarball(name, version, ending)
    return {f"{name}.tar.{'xz' if is_xz(path) else 'gz'}": path for name, path in found.items()}


def is_xz(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(XZ)) == XZ


def needs(target: Target) -> str:
    """Return what compiling needs, "PROBE:PACKAGE" with spaces between; a PROBE is a header or a command."""
    pair, names = pairs.of_target(target), systems.package_names(pairs.system_of(target).packages)
    needless = needless_probes(target, pair)
    found = []
    for line in systems.package_names(WHEELS / "box-needs.txt"):
        probe, *candidates = line.split()
        package = next((name for name in candidates if name in names), "")
        if package and probe not in needless:
            found.append(f"{f'{pair.path}/gcc' if probe == 'gcc' and pair.path else probe}:{package}")
    return " ".join(found)


def needless_probes(target: Target, pair: pairs.Pair) -> set[str]:
    """Return what box-needs.txt lists and this Python can do without, as it comes from source or is not used."""
    series, libraries = pairs.numbers(target.python_series), dict(pair.libraries)
    without = {
        "openssl/ssl.h": "openssl" in libraries,
        **dict.fromkeys(("perl", "perl-Data-Dumper"), "openssl" not in libraries),
        "sqlite3.h": "sqlite" in libraries,
        "ffi.h": "libffi" in libraries,
        "lzma.h": "xz" in libraries or series < (3, 3),
        "uuid/uuid.h": series < (3, 7),
        "zstd.h": series < (3, 14) or "_zstd" in dict(pair.absent),
        "xz": not any(name.endswith(".xz") for name in tarballs(target)),
    }
    return {probe for probe, needless in without.items() if needless}
