"""Deterministic tarballs: members, their manifest and checksums, and layers compressed apart and cached.

Layers are gzip members of one file; GNU tar, bsdtar, busybox tar and Python's "r:gz" read them as one
archive. Only the last layer ends with tar's end-of-archive blocks. The same members give the same bytes.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Callable, NamedTuple, Optional

MTIME = 315532800  # 1980-01-01, the earliest date that a zip file, and so a wheel, can hold
DIRECTORY, FILE, LINK = "d", "f", "l"
TYPES = {DIRECTORY: tarfile.DIRTYPE, FILE: tarfile.REGTYPE, LINK: tarfile.SYMTYPE}
BLOCK = 512  # tar(5)
COMPRESSION_LEVEL = 6  # level 9 takes four times as long for one percent
CHUNK = 1 << 20


class UnsafeMember(ValueError):
    """A file that a bundle must not hold; the message names it and says why."""


class Member(NamedTuple):
    """One entry of a bundle.

    kind is "d", "f" or "l"; mode the permission bits; target where a link points. A file has either content,
    its bytes, or source, where to read them; size in bytes and sha256 in hex are those of its content.
    """

    path: str
    kind: str
    mode: int
    content: bytes = b""
    source: Optional[Path] = None
    target: str = ""
    size: int = 0
    sha256: str = ""

    @property
    def manifest_line(self) -> str:
        arrow = f" -> {self.target}" if self.kind == LINK else ""
        return f"{self.kind} {self.mode:04o} {self.path}{arrow}"


def checked_path(path: str) -> str:
    """Return path; UnsafeMember if a listing, MANIFEST or a tool's options could misread it."""
    if any(ord(character) < 32 or ord(character) == 127 for character in path) or "\\" in path:
        raise UnsafeMember(f"{path!r}: control characters and backslashes cannot be packed")
    if " -> " in path:
        raise UnsafeMember(f"{path!r}: a name with ' -> ' cannot be packed")
    if any(part.startswith("-") for part in path.split("/")):
        raise UnsafeMember(f"{path!r}: a name that begins with '-' cannot be packed")
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise UnsafeMember(f"{path!r}: the name is not UTF-8") from error
    return path


def directory(path: str) -> Member:
    return Member(checked_path(path), DIRECTORY, 0o755)


def file_of_bytes(path: str, content: bytes) -> Member:
    digest = hashlib.sha256(content).hexdigest()
    return Member(checked_path(path), FILE, 0o444, content=content, size=len(content), sha256=digest)


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's content, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def file_of_disk(path: str, source: Path) -> Member:
    executable = source.stat().st_mode & 0o111
    mode = 0o555 if executable else 0o444
    size = source.stat().st_size
    return Member(checked_path(path), FILE, mode, source=source, size=size, sha256=file_sha256(source))


def link(path: str, target: str) -> Member:
    if target.startswith("/") or ".." in target.split("/"):
        raise UnsafeMember(f"{path!r}: a link to {target!r} leads out of its directory")
    return Member(checked_path(path), LINK, 0o777, target=checked_path(target))


def member_of_disk(path: str, source: Path) -> Member:
    """Return the member for a file, directory or link on disk; UnsafeMember for a device, socket or pipe."""
    if source.is_symlink():
        return link(path, os.readlink(source))
    if source.is_dir():
        return directory(path)
    if source.is_file():
        return file_of_disk(path, source)
    raise UnsafeMember(f"{path!r}: is neither a file, a directory nor a link")


def tree_members(root: Path, prefix: str, leave_out: Callable[[Path], bool] = lambda path: False) -> list[Member]:
    """Return the members for everything below root, sorted, without root itself.

    leave_out gets a path relative to root; what it leaves out is not descended into.
    """
    members = []
    for top, directories, names in os.walk(root):
        relative = Path(top).relative_to(root)
        directories[:] = [name for name in directories if not leave_out(relative / name)]
        for name in directories + [name for name in names if not leave_out(relative / name)]:
            members.append(member_of_disk(f"{prefix}{(relative / name).as_posix()}", Path(top) / name))
    return sorted(members)


def content_digest(members: Iterable[Member]) -> str:
    """Return a sha256 over paths, modes, link targets and contents."""
    lines = [f"{member.sha256} {member.manifest_line}\n" for member in members]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def manifest(members: Iterable[Member]) -> bytes:
    """Return MANIFEST: one line a member, sorted by path."""
    return "".join(f"{member.manifest_line}\n" for member in sorted(members)).encode()


def checksums(members: Iterable[Member]) -> bytes:
    """Return SHA256SUMS: "hex  path" for every regular file, sorted by path, as sha256sum -c reads it."""
    return "".join(f"{member.sha256}  {member.path}\n" for member in sorted(members) if member.kind == FILE).encode()


def tar_header(member: Member) -> bytes:
    header = tarfile.TarInfo(member.path)
    header.type, header.mode, header.size = TYPES[member.kind], member.mode, member.size
    header.mtime, header.linkname = MTIME, member.target
    return header.tobuf(tarfile.GNU_FORMAT, "utf-8")


def tar_blocks(member: Member) -> Iterable[bytes]:
    """Yield the bytes of one member; UnsafeMember if its file is no longer the one that was hashed."""
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
            raise UnsafeMember(f"{member.path!r}: changed while it was packed")
    yield b"\0" * (-member.size % BLOCK)


def write_layer(members: Iterable[Member], output: BinaryIO, last: bool) -> None:
    """Write one gzip member; the last layer of an archive carries the end-of-archive blocks."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for member in members:
        for block in tar_blocks(member):
            output.write(compressor.compress(block))
    if last:
        output.write(compressor.compress(b"\0" * 2 * BLOCK))
    output.write(compressor.flush())


def cached_layer(members: list[Member], cache: Path) -> Path:
    """Return the file in the directory cache that holds members as one layer, written now if it is new."""
    path = cache / f"{content_digest(members)}.gz"
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=cache, prefix=".layer-", delete=False) as temporary:
            try:
                write_layer(members, temporary, last=False)
            except BaseException:
                os.unlink(temporary.name)
                raise
        os.replace(temporary.name, path)
    return path


def head_members(release: str, bundle: dict[str, object], members: list[Member]) -> list[Member]:
    """Return the directory release with BUNDLE, SHA256SUMS and MANIFEST, which describe all members.

    BUNDLE gets UNPACKED_BYTES, the content of all files but these three, and MEMBERS, MANIFEST's lines.
    """
    names = [f"{release}/{name}" for name in ("BUNDLE", "SHA256SUMS", "MANIFEST")]
    sizes = {
        "UNPACKED_BYTES": sum(member.size for member in members),
        "MEMBERS": len(members) + 1 + len(names),
    }
    lines = [f"{key}={value}\n" for key, value in {**bundle, **sizes}.items()]
    top = directory(release)
    everything = [*members, top, *(file_of_bytes(name, b"") for name in names)]
    description = file_of_bytes(names[0], "".join(lines).encode())
    listing = file_of_bytes(names[2], manifest(everything))
    return [top, description, file_of_bytes(names[1], checksums([*members, description, listing])), listing]


def write_archive(
    head: list[Member], layers: list[list[Member]], last: list[Member], cache: Path, output: Path
) -> None:
    """Write head, the cached layers and the last layer to output, one after the other."""
    with output.open("wb") as stream:
        write_layer(head, stream, last=False)
        for members in layers:
            with cached_layer(members, cache).open("rb") as layer:
                shutil.copyfileobj(layer, stream, CHUNK)
        write_layer(last, stream, last=True)
