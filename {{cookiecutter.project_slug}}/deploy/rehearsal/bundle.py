"""What a rehearsal must know of a bundle before setup.sh judges it."""

import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import versions
import wheel_tags
from builder import modes
from builder.output import Failure

DATA_ERROR = 65  # sysexits.h


class Bundle(NamedTuple):
    """A tarball in dist/, the version and the target that it is for, and all that its BUNDLE says."""

    path: Path
    version: str
    target: str
    head: Mapping[str, str]

    @property
    def interpreter(self) -> str:
        """How the box comes by its Python (builder/modes.py)."""
        return self.head.get("INTERPRETER", modes.PREBUILT)

    @property
    def files(self) -> list[Path]:
        """What a person carries to the box."""
        sidecar = self.path.with_name(f"{self.path.name}.sha256")
        signature = sidecar.with_name(f"{sidecar.name}.sig")
        setup = Path(__file__).resolve().parents[1] / "setup.sh"
        return [file for file in (self.path, sidecar, signature, setup) if file.exists()]


def read(path: Path) -> Bundle:
    """Return the Bundle in a tarball; Failure 65 if its head cannot be read."""
    release = path.name[: -len(".tar.gz")]
    try:
        with tarfile.open(path, "r:gz") as archive:
            head = archive.extractfile(f"{release}/BUNDLE")
            text = head.read().decode("utf-8") if head else ""
    except (tarfile.TarError, KeyError, EOFError, OSError, zlib.error) as error:
        raise Failure(DATA_ERROR, f"{path} cannot be read: {error}; build it again") from error
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if not {"VERSION", "TARGET"} <= values.keys():
        raise Failure(DATA_ERROR, f"{path} says neither VERSION nor TARGET; build it again")
    return Bundle(path, values["VERSION"], values["TARGET"], values)


def wheel_problems(bundle: Bundle) -> list[str]:
    """Which wheels do not fit the bundle's own Python and arch: pip only says that it found no distribution."""
    python = versions.numbers(bundle.head["PYTHON"])
    abi = bundle.head.get("PYTHON_ABI", wheel_tags.usual_abi(python))
    any_glibc = (99, 0)  # which glibc they need setup.sh tells
    with tarfile.open(bundle.path, "r:gz") as archive:
        paths = [Path(name) for name in archive.getnames()]
    names = [path.name for path in paths if path.suffix == ".whl" and path.parent.parent.name == path.parts[0]]
    return [
        problem
        for name in sorted(names)
        for problem in wheel_tags.wheel_problems(name, python, abi, bundle.head["ARCH"], any_glibc)
    ]
