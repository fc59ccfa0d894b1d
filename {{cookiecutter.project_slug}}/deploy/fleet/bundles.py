"""Which of several bundles of a version fits a box. One alone is not judged here: setup.sh does that."""

import io
import re
import tarfile
import zlib
from pathlib import Path
from typing import NamedTuple

from fleet.box import Box
from fleet.stopped import BAD_BUNDLE, CONFIGURATION, UNAVAILABLE, USAGE, Stopped


class Bundle(NamedTuple):
    """A tarball in dist/TARGET/, with what the BUNDLE in it says, as bytes."""

    path: Path
    head: bytes

    @property
    def release(self) -> str:
        """NAME-vVERSION."""
        return self.path.name[: -len(".tar.gz")]

    @property
    def target(self) -> str:
        """The directory of dist/ that it lies in."""
        return self.path.parent.name

    def value(self, key: str) -> str:
        """What BUNDLE says for that key; parsed, never run."""
        match = re.search(rf"^{key}=(.*)$", self.head.decode(errors="replace"), re.MULTILINE)
        return match[1] if match else ""


def read(path: Path) -> Bundle:
    """The Bundle at that path; Stopped if it cannot be read."""
    return Bundle(path, read_member(path, f"{path.name[: -len('.tar.gz')]}/BUNDLE"))


def read_member(path: Path, name: str) -> bytes:
    """What a file in a tarball holds; Stopped if it cannot be read."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            member = next((member for member in archive if member.name == name and member.isfile()), None)
            if member:
                return archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as reason:
        raise Stopped(BAD_BUNDLE, f"{path} cannot be read: {reason}; build it again") from reason
    raise Stopped(BAD_BUNDLE, f"{path} holds no {name}; build it again")


def small_form(bundle: Bundle) -> Path:
    """The bundle's .tar.xz (deploy/builder/small.py); Stopped if none of the same content lies beside it."""
    path = bundle.path.with_suffix(".xz")
    if not path.is_file() or hash_of_sums(path, bundle.release) != hash_of_sums(bundle.path, bundle.release):
        version = bundle.release.partition("-v")[2]
        make = f"make tarball VERSION={version} COMPRESS=xz"
        raise Stopped(UNAVAILABLE, f"there is no {path.name} of this bundle in {path.parent}; make it: {make}")
    return path


def hash_of_sums(artefact: Path, release: str) -> str:
    """What the sidecar of an artefact says of its SHA256SUMS, which stands for all content; empty without a sidecar."""
    sidecar = artefact.with_name(artefact.name + ".sha256")
    lines = sidecar.read_text(encoding="utf-8").splitlines() if sidecar.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f"  {release}/SHA256SUMS")), "")


def files(artefact: Path) -> list[Path]:
    """What setup.sh takes: a tarball or a delta, its sidecar and, where it was signed, the signature."""
    sidecar = artefact.with_name(artefact.name + ".sha256")
    signature = sidecar.with_name(sidecar.name + ".sig")
    return [artefact, sidecar, *([signature] if signature.exists() else [])]


def write_head(directory: Path, artefact: Path, contents: dict) -> Path:
    """Write a tarball of that name with the bytes, by path, that setup.sh --check reads."""
    path = directory / artefact.name
    with tarfile.open(path, "w:xz" if path.suffix == ".xz" else "w:gz") as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o444
            archive.addfile(member, io.BytesIO(data))
    return path


def choose(bundles: list, box: Box) -> Bundle:
    """The one that fits the box; Stopped where none does, or several do.

    Those built on the box's own system come before others that its glibc could run as well.
    """
    if len(bundles) == 1:
        return bundles[0]
    reasons = {bundle.target: misfit(bundle, box) for bundle in bundles}
    fitting = [bundle for bundle in bundles if not reasons[bundle.target]]
    fitting = [bundle for bundle in fitting if is_own_system(bundle, box)] or fitting
    if not fitting:
        listed = "".join(f"\n    {target}: {reason}" for target, reason in reasons.items())
        what = f"{box.os} {box.version}, {box.arch}, glibc {box.glibc or 'none'}"
        raise Stopped(CONFIGURATION, f"no bundle of this version fits the box ({what}):{listed}")
    if len(fitting) > 1:
        targets = " ".join(bundle.target for bundle in fitting)
        raise Stopped(USAGE, f"several bundles fit the box ({box.os} {box.version}); choose with TARGET=: {targets}")
    return fitting[0]


def misfit(bundle: Bundle, box: Box) -> str:
    """Why the bundle cannot run on the box; empty if it can."""
    if bundle.value("ARCH") != box.arch:
        return f"is for {bundle.value('ARCH')}"
    if not box.glibc:
        return "needs glibc"
    if numbers(bundle.value("GLIBC")) > numbers(box.glibc):
        return f"needs glibc {bundle.value('GLIBC')}, because of {bundle.value('GLIBC_FILE')}"
    return ""


def numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall("[0-9]+", version)]


def is_own_system(bundle: Bundle, box: Box) -> bool:
    """Tell whether the target is the box's system: either may name less of the version than the other (7 and 7.4)."""
    system = bundle.target.split(f"-{box.arch}-")[0]
    os, _, version = system.partition("-")
    if os == "centos" and re.fullmatch(r"7\.[0-9]0", version):
        version = version[:-1]  # the article writes 7.40 for 7.4
    return os == box.os and (f"{box.version}.".startswith(f"{version}.") or f"{version}.".startswith(f"{box.version}."))
