"""What a bundle holds: its members, their manifest and checksums, and the head that lists them."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Callable, NamedTuple, Optional

MTIME = 315532800  # 1980-01-01, the earliest date that a zip file, and so a wheel, can hold
DIRECTORY, FILE, LINK = "d", "f", "l"
CHUNK = 1 << 20
# What a listing, MANIFEST or a tool's options could misread, and why it cannot be packed.
MISREAD = (
    (re.compile(r"[\x00-\x1f\x7f\\]"), "control characters and backslashes cannot be packed"),
    (re.compile(r" -> "), "a name with ' -> ' cannot be packed"),
    (re.compile(r"(^|/)-"), "a name that begins with '-' cannot be packed"),
)


class UnsafeMember(ValueError):
    """A file that a bundle must not hold; the message names it and says why."""


class ChangedFile(UnsafeMember):
    """A file, source, that is no longer what it was when it was hashed."""

    def __init__(self, path: str, source: Path) -> None:
        super().__init__(f"{path!r}: {source} changed while it was packed")
        self.source = source


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
    for pattern, reason in MISREAD:
        if pattern.search(path):
            raise UnsafeMember(f"{path!r}: {reason}")
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


def file_of_disk(path: str, source: Path, sha256_of: Callable[[Path], str] = file_sha256) -> Member:
    found = source.stat()
    mode = 0o555 if found.st_mode & 0o111 else 0o444
    return Member(checked_path(path), FILE, mode, source=source, size=found.st_size, sha256=sha256_of(source))


def link(path: str, target: str) -> Member:
    if target.startswith("/") or ".." in target.split("/"):
        raise UnsafeMember(f"{path!r}: a link to {target!r} leads out of its directory")
    return Member(checked_path(path), LINK, 0o777, target=checked_path(target))


def member_of_disk(path: str, source: Path, sha256_of: Callable[[Path], str] = file_sha256) -> Member:
    """Return the member for a file, directory or link on disk; UnsafeMember for a device, socket or pipe."""
    if source.is_symlink():
        return link(path, os.readlink(source))
    if source.is_dir():
        return directory(path)
    if source.is_file():
        return file_of_disk(path, source, sha256_of)
    raise UnsafeMember(f"{path!r}: is neither a file, a directory nor a link")


def tree_members(
    root: Path,
    prefix: str,
    leave_out: Callable[[Path], bool] = lambda path: False,
    sha256_of: Callable[[Path], str] = file_sha256,
) -> list[Member]:
    """Return the members for everything below root, sorted, without root itself.

    leave_out gets a path relative to root; what it leaves out is not descended into. sha256_of may know the hash of a
    file without reading it.
    """
    members = []
    for top, directories, names in os.walk(root):
        relative = Path(top).relative_to(root)
        directories[:] = [name for name in directories if not leave_out(relative / name)]
        for name in directories + [name for name in names if not leave_out(relative / name)]:
            path = f"{prefix}{(relative / name).as_posix()}"
            members.append(member_of_disk(path, Path(top) / name, sha256_of))
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
