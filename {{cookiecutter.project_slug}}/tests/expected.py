"""The expected values of every check, out of the texts that a bundle brings; anchor.py says where those come from."""

import dataclasses
import hashlib
import re

from wheels import Environment, read_environment, read_unpacked

HEAD = ("BUNDLE", "SHA256SUMS", "MANIFEST", "wheels/installed.txt")
# What is read of a bundle, below the directory of its release.
WANTED = re.compile(
    r"(BUNDLE|SHA256SUMS|MANIFEST|wheels/installed\.txt|(deploy/)?wheels/[^/]+\.whl|deploy/box/([a-z]+/)?[^/]+\.(conf|service|socket))\Z"
)


class BadBundle(Exception):
    """The bundle is damaged, or is not what its sidecar says."""


@dataclasses.dataclass(frozen=True)
class Member:
    """One line of MANIFEST: kind is f, d or l, mode the permission bits, target a link's, else empty."""

    kind: str
    mode: int
    target: str


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What a bundle says about itself; paths are relative to BASE, wheel names are normalised (PEP 503).

    `environment` is what its wheels leave in the virtual environment, `support` the hashes of what supervisor's
    leave in BASE, `templates` the texts below deploy/box, `anchor` what the values are anchored in, for people;
    `interpreter_mode` how the box comes by its Python (deploy/builder/modes.py).
    """

    name: str
    version: str
    target: str
    python: str
    python_dir: str
    health_path: str
    static_url: str
    static_dir: str
    unpacked_bytes: int
    wheels: dict
    hashes: dict
    members: dict
    environment: Environment
    support: dict
    templates: dict
    interpreter_mode: str = "prebuilt"
    anchor: str = ""
    anchored: bool = True

    @property
    def release(self):
        return f"{self.name}-v{self.version}"

    @property
    def python_short(self):
        """As in 3.11."""
        return ".".join(self.python.split(".")[:2])

    @property
    def interpreter(self):
        """The interpreter's path below BASE; where the box provides it, that of a script which leads to it."""
        return f"{self.python_dir}/bin/python{self.python_short}"

    @property
    def brings_interpreter(self):
        """Whether the interpreter is among the files of the bundle."""
        return self.interpreter_mode in ("prebuilt", "archive")

    @property
    def sums_hash(self):
        """The sha256 of SHA256SUMS: it stands for all that was shipped."""
        return self.hashes[f"{self.release}/SHA256SUMS"]


def read_bundle(release, contents, anchor, anchored):
    """The Bundle of the directory `release` from the bytes of its members (paths below it) that WANTED names.

    Raises BadBundle if one is missing, or if they contradict each other.
    """
    missing = [name for name in HEAD if name not in contents]
    require(not missing, f"{anchor} holds no {release}/{', '.join(missing)}")
    try:
        bundle = _parse(release, contents)
    except (KeyError, ValueError) as reason:
        raise BadBundle(f"{anchor} cannot be understood: {reason!r}") from reason
    if not bundle.brings_interpreter:
        anchor += "; its Python is the box's own, which no bundle anchors"
    return dataclasses.replace(bundle, anchor=anchor, anchored=anchored)


def decode(data):
    """Text of bytes that may hold any file name."""
    return data.decode("utf-8", "surrogateescape")


def normalise(name):
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def require(condition, message):
    """Raise BadBundle unless `condition` holds."""
    if not condition:
        raise BadBundle(message)


def parse_sums(text):
    """The hash of each path in a list as sha256sum writes it. Raises ValueError."""
    lines = (line.split("  ", 1) for line in _lines(text))
    return {path: digest for digest, path in lines}


def _parse(release, contents):
    texts = {name: decode(contents[name]) for name in HEAD}
    own_hash = {f"{release}/SHA256SUMS": hashlib.sha256(contents["SHA256SUMS"]).hexdigest()}
    facts = dict(line.split("=", 1) for line in _lines(texts["BUNDLE"]))
    require(facts["FORMAT"] == "1", f"the bundle's FORMAT is {facts['FORMAT']}, this verify knows 1")
    bundle = Bundle(
        name=facts["NAME"],
        version=facts["VERSION"],
        target=facts["TARGET"],
        python=facts["PYTHON"],
        python_dir=facts["PYTHON_DIR"],
        interpreter_mode=facts.get("INTERPRETER", "prebuilt"),
        health_path=facts["HEALTH_PATH"],
        static_url=facts.get("STATIC_URL", ""),
        static_dir=facts.get("STATIC_DIR", ""),
        unpacked_bytes=int(facts["UNPACKED_BYTES"]),
        wheels=_parse_wheels(texts["wheels/installed.txt"]),
        hashes={**parse_sums(texts["SHA256SUMS"]), **own_hash},
        members=_parse_manifest(texts["MANIFEST"]),
        environment=read_environment(_wheels_below(contents, "wheels/"), facts["PYTHON"]),
        support=read_unpacked(_wheels_below(contents, "deploy/wheels/")),
        templates={name: decode(data) for name, data in contents.items() if name.startswith("deploy/box/")},
    )
    _check_consistency(release, bundle)
    return bundle


def _check_consistency(release, bundle):
    require(bundle.release == release, f"the file is named {release}, its BUNDLE says {bundle.release}")
    files = {path for path, member in bundle.members.items() if member.kind == "f"}
    require(files == set(bundle.hashes), "SHA256SUMS and MANIFEST list different files")
    require(bundle.interpreter in files, f"the bundle holds no {bundle.interpreter}")


def _wheels_below(contents, directory):
    """The bytes of the wheels in one directory, by file name."""
    names = [name for name in contents if name.startswith(directory) and name.endswith(".whl")]
    return {name[len(directory) :]: contents[name] for name in sorted(names)}


def _lines(text):
    """Its lines; str.splitlines would take characters for line ends that a file name may hold."""
    return text.rstrip("\n").split("\n") if text else []


def _parse_wheels(text):
    lines = [line for line in _lines(text) if line[:1].isalnum()]
    lines = [re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line) for line in lines]
    require(lines and all(lines), "wheels/installed.txt has no wheel, or a line that is not name==version")
    return {normalise(line[1]): line[2] for line in lines}


def _parse_manifest(text):
    members = {}
    for line in _lines(text):
        kind, mode, path = line.split(" ", 2)
        path, _, target = path.partition(" -> ")
        members[path] = Member(kind, int(mode, 8), target)
    return members
