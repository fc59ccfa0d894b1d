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
class Contents:
    """What a test gives to a bundle before it is written: lines of its BUNDLE, and files of its release."""

    version: str = "1"
    values: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)

    @property
    def release(self):
        return f"app-v{self.version}"


@dataclass
class Bundle(Contents):
    """A bundle's members by name, good or hostile."""

    interpreter: str = INTERPRETER
    extra: list = field(default_factory=list)
    unlisted: dict = field(default_factory=dict)

    @property
    def python(self):
        return self.interpreter.split("-")[1]

    @property
    def executable(self):
        return f"{self.interpreter}/bin/python{self.python.rpartition('.')[0]}"

    def listed(self):
        files = {
            f"{self.release}/BUNDLE": self.head(),
            f"{self.release}/app.py": b"app = None\n",
            f"{self.release}/deploy/release/__main__.py": b"",
            self.executable: RECORDER,
        }
        return {**files, **self.files}

    def head(self):
        return "".join(f"{key}={value}\n" for key, value in self.values_of_head().items()).encode()

    def values_of_head(self):
        return {
            "FORMAT": "1",
            "NAME": "app",
            "VERSION": self.version,
            "ARCH": platform.machine(),
            "PYTHON": self.python,
            "PYTHON_DIR": self.interpreter,
            "GLIBC": "2.5",
            "GLIBC_FILE": self.executable,
            "UNPACKED_BYTES": "4096",
            "MEMBERS": "8",
            **self.values,
        }

    def members(self):
        """Every member's content by its name, in their order: BUNDLE first, SHA256SUMS and MANIFEST as they must be."""
        listed = self.listed()
        manifest = "".join(f"f {mode(path):04o} {path}\n" for path in sorted(listed)).encode()
        manifest += f"f 0444 {self.release}/MANIFEST\nf 0444 {self.release}/SHA256SUMS\n".encode()
        return self.with_sums({**listed, f"{self.release}/MANIFEST": manifest})

    def with_sums(self, members):
        """The same members, and the SHA256SUMS that lists them."""
        sums = "".join(f"{sha256(data)}  {path}\n" for path, data in sorted(members.items())).encode()
        return {**members, f"{self.release}/SHA256SUMS": sums}

    def write(self, directory):
        """Write the tarball and its sidecar; returns the tarball's path."""
        members = self.members()
        tarball = directory / f"{self.release}.tar.gz"
        with tarfile.open(tarball, "w:gz", format=tarfile.GNU_FORMAT) as tar:
            for path, data in {**members, **self.unlisted}.items():
                add(tar, path, data)
            for member in self.extra:
                tar.addfile(member)
        self.write_sidecar(tarball, members[f"{self.release}/SHA256SUMS"])
        return tarball

    def write_sidecar(self, tarball, sums):
        """Write what belongs beside a tarball with that SHA256SUMS."""
        lines = f"{sha256(tarball.read_bytes())}  {tarball.name}\n{sha256(sums)}  {self.release}/SHA256SUMS\n"
        tarball.with_name(tarball.name + ".sha256").write_text(lines)


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
