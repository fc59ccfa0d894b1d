"""Where one contender builds one app: its sources, its caches, the tools and the Python that all contenders share."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

BENCH = Path(__file__).resolve().parent
VERSION_LINE = 'VERSION = "{}"\n'
# What a surrounding make hands down, and what would lead a Python astray.
NOT_HANDED_ON = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHONPATH", "VIRTUAL_ENV")


class Machine(NamedTuple):
    """The Python that contenders without an interpreter of their own use, and the environment with the peers' tools."""

    python: str
    tools: Path
    processors: int

    @property
    def gunicorn_options(self) -> str:
        """The same gunicorn for everyone: as many workers and threads as ours has by default."""
        workers = min(2 * self.processors + 1, 9)
        return f"--workers {workers} --threads 4 --bind 127.0.0.1:1337 --daemon --pid gunicorn.pid"


class Workspace:
    """One contender's directory for one app; nothing of it is shared with another contender's."""

    def __init__(self, directory: Path, machine: Machine, app: str) -> None:
        self.directory, self.machine, self.app = directory, machine, app
        self.cache = directory / "cache"
        self.sources = directory / "sources"
        self.lock = directory.parent / "lock.txt"
        self.cache.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.sources, ignore_errors=True)
        shutil.copytree(BENCH / "apps" / app, self.sources)
        shutil.copy(BENCH / "apps/test.py", self.sources)

    def set_version(self, version: str, file: Path | None = None) -> None:
        """Change one line of the app, the one that says its version."""
        path = file or self.sources / "app.py"
        lines = path.read_text().splitlines(keepends=True)
        new = VERSION_LINE.format(version)
        path.write_text("".join(new if line.startswith("VERSION = ") else line for line in lines))

    def forget(self, *kept: str) -> None:
        """Empty the directory of caches but for the named paths in it, and remove what was built."""
        for path in self.cache.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (self.directory / "build", self.directory / "dist"):
            shutil.rmtree(path, ignore_errors=True)

    def environment(self, **variables: object) -> dict[str, str]:
        """A user's environment whose caches are this workspace's own, and whose python3 is the machine's."""
        kept = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        path = f"{Path(self.machine.python).parent}:{os.environ['PATH']}"
        own = {"PATH": path, "XDG_CACHE_HOME": self.cache, "PIP_CACHE_DIR": self.cache / "pip"}
        own |= {"PEX_ROOT": self.cache / "pex"}
        own |= {"PYINSTALLER_CONFIG_DIR": self.cache / "pyinstaller", "PIP_DISABLE_PIP_VERSION_CHECK": 1}
        return kept | {name: str(value) for name, value in (own | variables).items()}
