"""What is in a bundle of dist/: its layers and their sizes, its wheels, what it needs, and what BUNDLE says."""

import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pack
import wheel_tags
from builder import publication, reading, signing
from builder.output import DAMAGED, Failure, result
from builder.reading import Head
from builder.settings import PROJECT


class Layer(NamedTuple):
    """A part of a tarball: bytes that it takes in there, bytes of its files, and how many they are."""

    name: str
    packed: int
    unpacked: int
    files: int


class GzipMembers:
    """What a file's gzip members hold, to be read from end to end; starts has where each begins, sizes its own size."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.at = stream, 0
        self.starts, self.sizes = [0], [0]
        self.decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def read(self, _size: int) -> bytes:
        """Return the next bytes, some or many; none at the end."""
        while True:
            data = self.decompressor.unused_data or self.stream.read(pack.CHUNK)
            if not data:
                return b""
            if self.decompressor.eof:
                self.starts.append(self.at)
                self.sizes.append(0)
                self.decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
            plain = self.decompressor.decompress(data)
            self.sizes[-1] += len(data) - len(self.decompressor.unused_data)
            self.at += len(plain)
            if plain:
                return plain


def layer_of(path: str, head: Head) -> str:
    """Return which part of a bundle a member belongs to."""
    release = head.release
    if path in (release, *(f"{release}/{name}" for name in reading.LISTS)):
        return "head"
    if path.partition("/")[0] == head.values["PYTHON_DIR"]:
        return "interpreter"
    return "wheels" if f"{path}/".startswith(f"{release}/wheels/") else "app"


def layers_of(path: Path, head: Head) -> list[Layer]:
    """Return the parts of a tarball in their order; each begins with a gzip member of its own."""
    found: dict[str, list[int]] = {}
    names: dict[int, str] = {}
    with path.open("rb") as stream:
        members = GzipMembers(stream)
        with tarfile.open(fileobj=members, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
            for member in archive:
                name = names[member.offset] = layer_of(member.name, head)
                sizes = found.setdefault(name, [0, 0, 0])
                sizes[1] += member.size
                sizes[2] += member.isfile()
        while members.read(0):
            pass
    for start, size in zip(members.starts, members.sizes):
        name = names.get(start, name)  # the end of the archive has no member
        found[name][0] += size
    return [Layer(name, *sizes) for name, sizes in found.items()]


def wheels_of(head: Head) -> dict[str, str]:
    """Return the versions of the app's wheels, by their normalized names."""
    top = f"{head.release}/wheels/"
    names = (path[len(top) :] for path in head.digests if path.startswith(top) and path.endswith(".whl"))
    wheels = (wheel_tags.parse_wheel_name(name) for name in names)
    return {wheel_tags.canonical(wheel.name): wheel.version for wheel in wheels}


def size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{number / 1e3:.1f} kB"


def checked_digest(path: Path) -> str:
    """Return a tarball's sha256, and by whom it is signed; Failure 65 if its sidecar or RELEASE_KEY says otherwise."""
    digest, sidecar = pack.file_sha256(path), publication.beside(path, ".sha256")
    if not sidecar.exists():
        return f"{digest}; there is no .sha256 beside it"
    if f"{digest}  {path.name}\n" not in sidecar.read_text(encoding="utf-8"):
        raise Failure(DAMAGED, f"{path} is not what its .sha256 says; build it again, or fetch it again")
    return f"{digest}, {signing.checked(sidecar, publication.beside(path, '.sha256.sig'))}"


def show(path: Path) -> None:
    """Print what is in a tarball."""
    head = reading.head_of(path)
    result(f"==> {head.release} for {path.parent.name}")
    result(f"    {path.relative_to(PROJECT)}, {size(path.stat().st_size)}")
    result(f"    sha256 {checked_digest(path)}")
    result("==> BUNDLE")
    for key, value in head.values.items():
        result(f"    {key:<15} {value}")
    result("==> layers: in the tarball, unpacked, files")
    for layer in layers_of(path, head):
        result(f"    {layer.name:<12} {size(layer.packed):>10} {size(layer.unpacked):>10} {layer.files:>6}")
    wheels = wheels_of(head)
    result(f"==> wheels: {len(wheels)}")
    for name, version in sorted(wheels.items()):
        result(f"    {name} {version}")
    result("==> needs")
    glibc, file, arch = (head.values[key] or "any" for key in ("GLIBC", "GLIBC_FILE", "ARCH"))
    result(f"    glibc {glibc} on {arch}, because of {file}" if head.values["GLIBC_FILE"] else f"any glibc on {arch}")
    show_deltas(path)


def show_deltas(path: Path) -> None:
    deltas = sorted(path.parent.glob(f"{path.name[: -len('.tar.gz')]}-since-*.delta"))
    if deltas:
        result("==> deltas")
    for delta in deltas:
        result(f"    {delta.name}, {size(delta.stat().st_size)}")
