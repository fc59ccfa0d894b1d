"""Where the expected values come from: a bundle in dist/, or the box's own lists as far as a sidecar anchors them.

With neither the box is compared with itself: it is looked at all the same, but the run is UNANCHORED and no success.
"""

import functools
import hashlib
import io
import pathlib
import subprocess
import tarfile
import zlib

from asking import AS_ROOT, run
from expected import WANTED, BadBundle, decode, parse_sums, read_bundle, require

HEAD_SCRIPT = (pathlib.Path(__file__).parent / "box_head.sh").read_text(encoding="ascii")
UNANCHORED = "UNANCHORED, in the lists of the box itself"


class Disagreement(Exception):
    """The box has no release that the sidecar anchors; the message says what it has."""


def choose(option):
    """What finds the Bundle that a testinfra host is compared with, as the command line chose it; it can be pickled.

    Raises BadBundle; what it returns raises Disagreement or NoAnswer.
    """
    if option.bundle:
        return functools.partial(_the_same, from_tarball(option.bundle, option.key))
    listed = read_sidecar(option.sidecar, option.key) if option.sidecar else None
    return functools.partial(
        from_box,
        name=option.app,
        version=option.app_version,
        sidecar=option.sidecar,
        listed=listed,
        signed=_signed(option.sidecar, option.key) if option.sidecar else "",
    )


def _the_same(bundle, _host):
    return bundle


def read_sidecar(path, key=None):
    """The hashes that a sidecar (a Path) lists, by file name.

    Raises BadBundle if it cannot be read, or if `key` (the Path of a public key) is given and did not sign it.
    """
    if key:
        _check_signature(path, key)
    try:
        return parse_sums(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise BadBundle(f"cannot read {path}, which anchors the bundle: {reason}") from reason


def _check_signature(sidecar, key):
    signature = _signature(sidecar)
    require(signature.is_file(), f"RELEASE_KEY is set, and there is no {signature}")
    command = ["openssl", "dgst", "-sha256", "-verify", key, "-signature", signature, sidecar]
    try:
        signed = subprocess.run(command, capture_output=True).returncode == 0
    except OSError as reason:
        raise BadBundle(f"cannot check {signature}: {reason}") from reason
    require(signed, f"{signature} is not the signature of {sidecar.name} by {key}")


def _signature(sidecar):
    return sidecar.with_name(sidecar.name + ".sig")


def _signed(sidecar, key):
    """What the report says of a sidecar's signature; read_sidecar has checked it if there is a `key`."""
    if key:
        return f"signed by {key} (sha256 {_file_hash(key)})"
    if _signature(sidecar).exists():
        return "with a signature that was not checked: RELEASE_KEY=PUBLIC-KEY checks it"
    return "without a signature"


def from_tarball(tarball, key=None):
    """The Bundle in `tarball` (a Path), checked against the sidecar beside it, which `key` signed. Raises BadBundle."""
    release = tarball.name[: -len(".tar.gz")]
    path = tarball.with_name(tarball.name + ".sha256")
    sidecar = read_sidecar(path, key)
    digest = _file_hash(tarball)
    require(digest == sidecar.get(tarball.name), f"{tarball} is not what its .sha256 says")
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            contents = _read_members(archive, release)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as reason:
        raise BadBundle(f"{tarball} cannot be read: {reason}") from reason
    sums_hash = hashlib.sha256(contents.get("SHA256SUMS", b"")).hexdigest()
    sums = f"{release}/SHA256SUMS"
    require("SHA256SUMS" not in contents or sums_hash == sidecar.get(sums), f"{sums} is not what {tarball}.sha256 says")
    anchor = f"{tarball.parent.name}/{tarball.name} (sha256 {digest}), {_signed(path, key)}"
    return read_bundle(release, contents, anchor, True)


def from_box(host, name, version, sidecar, listed, signed):
    """The Bundle that a testinfra host says it has of `name`; `version` may be empty: the one in service.

    `sidecar` (a Path or None), which has `listed` these hashes and is `signed` so, must anchor it. Raises Disagreement,
    NoAnswer.
    """
    digest, anchor = "", UNANCHORED
    if sidecar:
        version = sidecar.name[len(name) + 2 : -len(".tar.gz.sha256")]
        digest = listed.get(f"{name}-v{version}/SHA256SUMS")
        tarball = sidecar.name[: -len(".sha256")]
        anchor = f"{sidecar} ({tarball}: sha256 {listed.get(tarball, 'not listed')}), {signed}"
    release, contents = _ask_for_head(host, name, version)
    if sidecar and "SHA256SUMS" not in contents:
        raise Disagreement(f"no {release}/SHA256SUMS")
    found = hashlib.sha256(contents.get("SHA256SUMS", b"")).hexdigest()
    if sidecar and found != digest:
        raise Disagreement(f"{release}/SHA256SUMS with sha256 {found}, but {sidecar} says {digest}")
    try:
        bundle = read_bundle(release, contents, anchor, bool(sidecar))
        _require_listed(bundle, contents)
    except BadBundle as reason:
        raise Disagreement(str(reason)) from reason
    return bundle


def _require_listed(bundle, contents):
    """What is read besides SHA256SUMS is only as good as the hash that it lists."""
    for name, data in contents.items():
        expected = bundle.hashes.get(f"{bundle.release}/{name}")
        require(hashlib.sha256(data).hexdigest() == expected, f"{bundle.release}/{name} is not what SHA256SUMS says")


def _ask_for_head(host, name, version):
    result = run(host, "sh -c %s %s %s %s", AS_ROOT, HEAD_SCRIPT, name, version)
    release, _, archive = result.stdout_bytes.partition(b"\n")
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as members:
            return decode(release), _read_members(members, decode(release))
    except tarfile.TarError as reason:
        what = f"release {name}-v{version}" if version else f"release of {name} in service"
        raise Disagreement(f"no {what} that can be read") from reason


def _read_members(archive, release):
    contents = {}
    for member in archive:
        name = member.name[len(release) + 1 :] if member.name.startswith(release + "/") else ""
        if member.isfile() and WANTED.match(name):
            contents[name] = archive.extractfile(member).read()
    return contents


def _file_hash(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
