"""Whether a delta will do for a box, so that less is uploaded: what deploy/builder/delta.py made, beside the bundle."""

from pathlib import Path
from typing import NamedTuple, Optional

from fleet.box import Box
from fleet.bundles import Bundle, hash_of_sums, read_member


class Delta(NamedTuple):
    """A delta, with what its DELTA/BASE says, as bytes: the release that it is completed from and what it becomes."""

    path: Path
    base: bytes

    def value(self, key: str) -> str:
        """What DELTA/BASE says for that key; parsed, never run."""
        lines = self.base.decode(errors="replace").splitlines()
        return next((line[len(key) + 1 :] for line in lines if line.startswith(f"{key}=")), "")


def choose(bundle: Bundle, box: Box, base: str) -> Optional[Delta]:
    """The smallest delta of the bundle whose base the box has, in that directory; None if there is none."""
    found = bundle.path.parent.glob(f"{bundle.release}-since-*.delta")
    for path in sorted(found, key=lambda path: path.stat().st_size):
        delta = Delta(path, read_member(path, base_of(bundle)))
        if is_of(delta, bundle) and f"{base} {delta.value('VERSION')} {delta.value('BASE_SHA256SUMS')}" in box.releases:
            return delta
    return None


def base_of(bundle: Bundle) -> str:
    """The path of DELTA/BASE in the bundle's deltas."""
    return f"{bundle.release}/DELTA/BASE"


def is_of(delta: Delta, bundle: Bundle) -> bool:
    """A bundle that was copied to dist/ by hand may have come without the delta that lies there."""
    return delta.value("SHA256SUMS") == hash_of_sums(bundle.path, bundle.release) != ""
