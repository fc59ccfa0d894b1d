"""Where a box lies on this machine (directory, clone, cable, control group), and who clears it away."""

import fcntl
from io import TextIOWrapper
from pathlib import Path

from lab import machine
from lab.cache import lab_cache, locked
from lab.cgroup import remove_groups
from lab.clone import discard_clone, make_clone
from lab.network import Cable, plug_in, unplug
from lab.project import TEMPLATE


class Berth:
    """The place of one box. It belongs to the process that has its file `owner` locked, or to nobody."""

    def __init__(self, cable: Cable) -> None:
        self.cable = cable
        self.directory = berths() / str(cable.number)
        self._owner: TextIOWrapper | None = None

    @property
    def root(self) -> Path:
        """The root tree of the box, as this machine sees it."""
        return self.directory / "root"

    @property
    def kept(self) -> bool:
        """Whether its box was left running on purpose."""
        return (self.directory / "kept").exists()

    @property
    def is_ours_to_end(self) -> bool:
        """Whether it was kept by this copy of the template, or by one that is no longer there to end it."""
        keeper = Path((self.directory / "kept").read_text().strip())
        return keeper == TEMPLATE or not keeper.is_dir()

    def keep(self) -> None:
        """Leave its box running after this process, until this copy of the template ends it."""
        (self.directory / "kept").write_text(f"{TEMPLATE}\n")
        self.disown()

    def own(self) -> bool:
        """Take the lock; False when another living process has it."""
        self._owner = open(self.directory / "owner", "a")  # noqa: SIM115 (open as long as it is owned)
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.disown()
            return False
        return True

    def disown(self) -> None:
        """Let the lock go."""
        self._owner.close()

    def leave(self) -> None:
        """Take everything away; a box that still runs ends now, without being asked."""
        machine.power_cut(self.cable)
        remove_groups(self.cable.namespace)
        discard_clone(self.directory)
        unplug(self.cable)
        self.disown()


def berths() -> Path:
    """The directory that holds all of them, each named by its number."""
    directory = lab_cache() / "boxes"
    directory.mkdir(exist_ok=True)
    return directory


def take_berth(base: Path) -> Berth:
    """A new one with a clone of the root tree `base`. Raises Unavailable where no cable can be laid."""
    with locked(berths() / "lock"):
        berth = Berth(plug_in())
        try:
            berth.directory.mkdir()
            berth.own()
        except BaseException:
            unplug(berth.cable)
            raise
    try:
        make_clone(base, berth.directory)
    except BaseException:
        berth.leave()
        raise
    return berth


def all_berths() -> list[Berth]:
    """Those with a directory, whoever owns them."""
    return [Berth(Cable(int(path.name))) for path in berths().iterdir() if path.name.isdecimal()]


def clear_stale_berths() -> None:
    """Clear those whose process died without doing so (kill -9), except kept ones that still run."""
    with locked(berths() / "lock"):
        for berth in all_berths():
            if not berth.own():
                continue
            if berth.kept and machine.is_on(berth.cable):
                berth.disown()
            else:
                berth.leave()


def clear_kept_berths() -> int:
    """End the boxes that this copy of the template left running on purpose; how many there were."""
    with locked(berths() / "lock"):
        kept = [berth for berth in all_berths() if berth.kept and berth.is_ours_to_end and berth.own()]
        for berth in kept:
            berth.leave()
    return len(kept)
