"""A finished bundle with something changed in it, and lists that fit: what only the box can find out."""

import hashlib
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

Files = dict[str, bytes]
DEPLOY = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}/deploy"
with patch.object(sys, "path", [str(DEPLOY), *sys.path]), patch.object(sys, "dont_write_bytecode", True):
    import layers
    import pack

HEAD = ("BUNDLE", "SHA256SUMS", "MANIFEST")


def alter(tarball: Path, version: str, change: Callable[[Files], None]) -> Path:
    """Write beside `tarball` a bundle of `version` that `change` has altered; returns its path.

    `change` gets the release's files, bytes by path in the release, without the lists, and alters that dict.
    """
    former, release = tarball.name[: -len(".tar.gz")], f"app-v{version}"
    files, others, values = {}, [], {}
    with tarfile.open(tarball, "r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member).read() if member.isfile() else b""
            if member.name == f"{former}/BUNDLE":
                values = dict(line.split("=", 1) for line in content.decode().splitlines())
            elif member.isfile() and member.name.startswith(f"{former}/"):
                files[member.name[len(former) + 1 :]] = (member.mode, content)
            elif member.name != former:
                others.append(as_member(member, content, former, release))
    contents = {path: content for path, (_, content) in files.items() if path not in HEAD}
    change(contents)
    members = [*others, *(file(f"{release}/{path}", content, files) for path, content in contents.items())]
    return write(tarball.with_name(f"{release}.tar.gz"), release, {**values, "VERSION": version}, sorted(members))


def as_member(member: tarfile.TarInfo, content: bytes, former: str, release: str) -> pack.Member:
    """A member of the former bundle, in the new one."""
    name = release + member.name[len(former) :] if member.name.startswith(former) else member.name
    if member.isdir():
        return pack.directory(name)
    if member.issym():
        return pack.link(name, member.linkname)
    return pack.file_of_bytes(name, content)._replace(mode=member.mode)


def file(path: str, content: bytes, files: dict[str, tuple[int, bytes]]) -> pack.Member:
    """A file of the new bundle, with the mode that it had in the former one."""
    mode, _ = files.get(path.split("/", 1)[1], (0o444, b""))
    return pack.file_of_bytes(path, content)._replace(mode=mode)


def write(path: Path, release: str, values: dict[str, str], members: list[pack.Member]) -> Path:
    """Write the tarball and its sidecar; returns the tarball's path."""
    head = pack.head_members(release, values, members)
    with tempfile.TemporaryDirectory() as cache:
        layers.write_archive([head, members], Path(cache), path)
    sums = next(member for member in head if member.path.endswith("/SHA256SUMS"))
    lines = f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n{sums.sha256}  {sums.path}\n"
    path.with_name(f"{path.name}.sha256").write_text(lines)
    return path
