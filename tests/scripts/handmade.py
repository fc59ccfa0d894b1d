"""Small bundles made by hand, good ones and hostile ones, to try setup.sh on without a build."""

import hashlib
import io
import platform
import tarfile
from dataclasses import dataclass, field

INTERPRETER = "python-3.11.2-0123456789ab"
# Stands in for the bundle's interpreter: it says how it was called, and keeps the lock's file descriptor in view.
RECORDER = b"""#!/bin/sh
printf '%s\\n' "handed over: $*"
"""


@dataclass
class Bundle:
    """A bundle's members by name; a test changes what it wants before it writes the tarball."""

    version: str = "1"
    values: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    extra: list = field(default_factory=list)
    unlisted: dict = field(default_factory=dict)

    @property
    def release(self):
        return f"app-v{self.version}"

    def listed(self):
        files = {
            f"{self.release}/BUNDLE": self.head(),
            f"{self.release}/app.py": b"app = None\n",
            f"{self.release}/deploy/release/__main__.py": b"",
            f"{INTERPRETER}/bin/python3.11": RECORDER,
        }
        return {**files, **self.files}

    def head(self):
        values = {
            "FORMAT": "1",
            "NAME": "app",
            "VERSION": self.version,
            "ARCH": platform.machine(),
            "PYTHON": "3.11.2",
            "PYTHON_DIR": INTERPRETER,
            "GLIBC": "2.5",
            "GLIBC_FILE": f"{INTERPRETER}/bin/python3.11",
            "UNPACKED_BYTES": "4096",
            "MEMBERS": "8",
        }
        values.update(self.values)
        return "".join(f"{key}={value}\n" for key, value in values.items()).encode()

    def write(self, directory):
        """Write the tarball and its sidecar; returns the tarball's path."""
        listed = self.listed()
        manifest = "".join(f"f {mode(path):04o} {path}\n" for path in sorted(listed)).encode()
        manifest += f"f 0444 {self.release}/MANIFEST\nf 0444 {self.release}/SHA256SUMS\n".encode()
        listed[f"{self.release}/MANIFEST"] = manifest
        sums = "".join(f"{sha256(data)}  {path}\n" for path, data in sorted(listed.items())).encode()
        members = {**listed, f"{self.release}/SHA256SUMS": sums, **self.unlisted}
        tarball = directory / f"{self.release}.tar.gz"
        with tarfile.open(tarball, "w:gz", format=tarfile.GNU_FORMAT) as tar:
            for path, data in members.items():
                add(tar, path, data)
            for member in self.extra:
                tar.addfile(member)
        sidecar = f"{sha256(tarball.read_bytes())}  {tarball.name}\n{sha256(sums)}  {self.release}/SHA256SUMS\n"
        tarball.with_name(tarball.name + ".sha256").write_text(sidecar)
        return tarball


def mode(path):
    return 0o555 if "/bin/" in path else 0o444


def add(tar, path, data):
    member = tarfile.TarInfo(path)
    member.size, member.mode = len(data), mode(path)
    tar.addfile(member, io.BytesIO(data))


def special(name, kind, target="", permissions=0o644):
    """A member that is not a plain file."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, target, permissions
    return member


def sha256(data):
    return hashlib.sha256(data).hexdigest()
