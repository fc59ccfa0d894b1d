"""The forms of a handmade bundle: whole, a delta since another one, and the small one, as the builder writes them."""

import building
import handmade

delta = building.part("builder.delta")
layers = building.part("layers")
pack = building.part("pack")
reading = building.part("builder.reading")

# Stands in for CPython: it "compiles" by writing the given text, and says how it was handed over to.
PYTHON = b"""#!/bin/sh
case "$*" in
  *compileall*site-packages) exit 1 ;;
  *compileall*) mkdir -p python3.11/__pycache__ && printf BYTECODE >python3.11/__pycache__/os.cpython-311.pyc ;;
  *) printf '%s\\n' "handed over: $*" ;;
esac
"""
PYC = f"{handmade.INTERPRETER}/lib/python3.11/__pycache__/os.cpython-311.pyc"
COMPILED = {
    f"{handmade.INTERPRETER}/bin/python": PYTHON,
    f"{handmade.INTERPRETER}/bin/python3.11": PYTHON,
    f"{handmade.INTERPRETER}/lib/python3.11/os.py": b"os\n",
    PYC: b"BYTECODE",
}


def members(bundle):
    """A handmade bundle's members, with the directories that real ones have; its head's come first."""
    files = bundle.listed()
    files.pop(f"{bundle.release}/BUNDLE")
    found = [pack.file_of_bytes(path, data)._replace(mode=handmade.mode(path)) for path, data in files.items()]
    parents = {path.rpartition("/")[0] for path in files}
    parents |= {"/".join(path.split("/")[:depth]) for path in parents for depth in range(1, path.count("/") + 1)}
    content = sorted([*found, *(pack.directory(path) for path in parents - {bundle.release})])
    values = dict(line.split("=", 1) for line in bundle.head().decode().splitlines())
    for computed in ("UNPACKED_BYTES", "MEMBERS"):
        del values[computed]
    return pack.head_members(bundle.release, values, content), content


def write(directory, name, parts, sums):
    """Write an archive of layers and its sidecar; returns its path."""
    path = directory / name
    digest = layers.write_archive(parts, directory, path)
    path.with_name(f"{name}.sha256").write_text(f"{digest}  {name}\n{sums.sha256}  {sums.path}\n")
    return path


def write_whole(directory, bundle):
    head, content = members(bundle)
    return write(directory, f"{bundle.release}.tar.gz", [head, content], head[2])


def write_small(directory, bundle, left_out=lambda path: path.endswith(".pyc")):
    """The .tar.xz of a bundle, without the byte code of COMPILED."""
    head, content = members(bundle)
    kept = [member for member in content if not left_out(member.path)]
    return write(directory, f"{bundle.release}.tar.xz", [head, kept], head[2])


def write_delta(directory, bundle, base, change=lambda parts: parts):
    """The delta of a bundle since another one, whose tarball is written for that and removed."""
    head, content = members(bundle)
    older = reading.head_of(write_whole(directory, base))
    for name in (f"{base.release}.tar.gz", f"{base.release}.tar.gz.sha256"):
        (directory / name).unlink()
    parts = change(delta.parts(older, head, content))
    return write(directory, f"{bundle.release}-since-{base.version}.delta", parts, head[2])
