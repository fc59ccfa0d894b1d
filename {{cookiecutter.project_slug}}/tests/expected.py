"""The expected values of every check: read from the tarball in dist/, never from the box."""

import dataclasses
import hashlib
import re
import tarfile
import zlib

HEAD = ("BUNDLE", "SHA256SUMS", "MANIFEST", "wheels/installed.txt")


class BadBundle(Exception):
    """The tarball is damaged, or is not what its sidecar says."""


@dataclasses.dataclass(frozen=True)
class Member:
    """One line of MANIFEST: kind is f, d or l, mode the permission bits, target a link's, else empty."""

    kind: str
    mode: int
    target: str


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What a bundle says about itself; paths are relative to BASE, wheel names are normalised (PEP 503)."""

    name: str
    version: str
    target: str
    python: str
    python_dir: str
    health_path: str
    wheels: dict
    hashes: dict
    members: dict

    @property
    def release(self):
        return f"{self.name}-v{self.version}"

    @property
    def interpreter(self):
        """The interpreter's path below BASE."""
        return f"{self.python_dir}/bin/python{'.'.join(self.python.split('.')[:2])}"


def read_bundle(tarball):
    """Check `tarball` (a Path) against its sidecar and return its Bundle.

    Raises BadBundle if either is missing, damaged, or does not belong to the other.
    """
    release = tarball.name[: -len(".tar.gz")]
    sidecar = _read_sidecar(tarball)
    _require(_file_hash(tarball) == sidecar.get(tarball.name), f"{tarball} is not what its .sha256 says")
    texts = _read_texts(tarball, release)
    sums_path = f"{release}/SHA256SUMS"
    sums_hash = hashlib.sha256(texts["SHA256SUMS"]).hexdigest()
    _require(sums_hash == sidecar.get(sums_path), f"{sums_path} is not what {tarball}.sha256 says")
    try:
        return _parse(release, {name: decode(text) for name, text in texts.items()}, {sums_path: sums_hash})
    except (KeyError, ValueError) as reason:
        raise BadBundle(f"{tarball} cannot be understood: {reason!r}") from reason


def decode(data):
    """Text of bytes that may hold any file name."""
    return data.decode("utf-8", "surrogateescape")


def normalise(name):
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _require(condition, message):
    if not condition:
        raise BadBundle(message)


def _read_sidecar(tarball):
    sidecar = tarball.with_name(tarball.name + ".sha256")
    try:
        return _parse_sums(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise BadBundle(f"cannot read {sidecar}, which anchors the bundle: {reason}") from reason


def _file_hash(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _read_texts(tarball, release):
    wanted = {f"{release}/{name}": name for name in HEAD}
    texts = {}
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            for member in archive:
                if member.name in wanted and member.isfile():
                    texts[wanted[member.name]] = archive.extractfile(member).read()
                if len(texts) == len(HEAD):
                    break
    except (tarfile.TarError, EOFError, OSError, zlib.error) as reason:
        raise BadBundle(f"{tarball} cannot be read: {reason}") from reason
    missing = [name for name in HEAD if name not in texts]
    _require(not missing, f"{tarball} holds no {release}/{', '.join(missing)}")
    return texts


def _parse(release, texts, own_hash):
    facts = dict(line.split("=", 1) for line in _lines(texts["BUNDLE"]))
    _require(facts["FORMAT"] == "1", f"the bundle's FORMAT is {facts['FORMAT']}, this verify knows 1")
    bundle = Bundle(
        name=facts["NAME"],
        version=facts["VERSION"],
        target=facts["TARGET"],
        python=facts["PYTHON"],
        python_dir=facts["PYTHON_DIR"],
        health_path=facts["HEALTH_PATH"],
        wheels=_parse_wheels(texts["wheels/installed.txt"]),
        hashes={**_parse_sums(texts["SHA256SUMS"]), **own_hash},
        members=_parse_manifest(texts["MANIFEST"]),
    )
    _require(bundle.release == release, f"the file is named {release}, its BUNDLE says {bundle.release}")
    files = {path for path, member in bundle.members.items() if member.kind == "f"}
    _require(files == set(bundle.hashes), "SHA256SUMS and MANIFEST list different files")
    _require(bundle.interpreter in files, f"the bundle holds no {bundle.interpreter}")
    return bundle


def _lines(text):
    """Its lines; str.splitlines would take characters for line ends that a file name may hold."""
    return text.rstrip("\n").split("\n") if text else []


def _parse_sums(text):
    lines = (line.split("  ", 1) for line in _lines(text))
    return {path: digest for digest, path in lines}


def _parse_wheels(text):
    lines = [line for line in _lines(text) if line[:1].isalnum()]
    lines = [re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line) for line in lines]
    _require(lines and all(lines), "wheels/installed.txt has no wheel, or a line that is not name==version")
    return {normalise(line[1]): line[2] for line in lines}


def _parse_manifest(text):
    members = {}
    for line in _lines(text):
        kind, mode, path = line.split(" ", 2)
        path, _, target = path.partition(" -> ")
        members[path] = Member(kind, int(mode, 8), target)
    return members
