"""What a rehearsal must know of a bundle before setup.sh judges it."""

import tarfile
import zlib
from pathlib import Path
from typing import NamedTuple

from builder import modes
from builder.output import Failure

DATA_ERROR = 65  # sysexits.h


class Bundle(NamedTuple):
    """A tarball in dist/, the three files that are carried to the box, and the target that it is for.

    interpreter is how the box comes by its Python (builder/modes.py).
    """

    path: Path
    version: str
    target: str
    interpreter: str = modes.PREBUILT

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
    return Bundle(path, values["VERSION"], values["TARGET"], values.get("INTERPRETER", modes.PREBUILT))
