"""The root tree that boxes are clones of: a Debian server as its administrator hands it over, made once."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.apt import SUITES, debootstrap
from lab.cache import lab_cache, locked
from lab.command import run
from lab.skip import Unavailable

PACKAGES = [
    *("systemd", "systemd-sysv", "dbus", "openssh-server", "nginx-light", "cron", "sudo"),
    *("iproute2", "procps", "curl", "util-linux", "logrotate", "openssl"),
]
# Offline installation is proven only where the box has no Python and no compiler to fall back on.
FORBIDDEN = ("python*", "gcc*", "cc", "c++*", "g++*", "clang*", "tcc")
PREPARATION = Path(__file__).with_name("prepare-box.sh")


@dataclass(frozen=True)
class BaseRoot:
    """A finished base; nobody writes into it. `directory` is named by a hash of what it was made from."""

    directory: Path

    @property
    def root(self) -> Path:
        """The root tree."""
        return self.directory / "root"

    @property
    def client_key(self) -> Path:
        """The private key that the box's users log in with."""
        return self.directory / "client_key"

    @property
    def host_key(self) -> str:
        """The public key of its sshd, `type base64`, so that no client has to turn off a check."""
        return " ".join((self.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2])


def base_root(os_version: str, more: tuple[str, ...] = ()) -> BaseRoot:
    """The base for `os_version` (debian-11, debian-12, debian-13), made now (minutes) if the cache has none.

    `more` are further packages, for boxes that are to have a Python or a compiler. Raises Unavailable where this
    machine cannot make one.
    """
    if os_version not in SUITES:
        raise Unavailable(f"no box for {os_version}; there are {', '.join(SUITES)}")
    recipe = "\n".join([os_version, *PACKAGES, *more, PREPARATION.read_text()])
    base = BaseRoot(lab_cache() / "base" / f"{os_version}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}")
    base.directory.parent.mkdir(exist_ok=True)
    with locked(base.directory.with_suffix(".lock")):
        if not base.directory.exists():
            make_base(os_version, base.directory, more)
    return base


def make_base(os_version: str, directory: Path, more: tuple[str, ...]) -> None:
    """Make it beside its final name, which it gets when complete: half a base never counts."""
    unfinished = BaseRoot(directory.with_suffix(".unfinished"))
    shutil.rmtree(unfinished.directory, ignore_errors=True)
    unfinished.directory.mkdir()
    besides = f" with {' '.join(more)}" if more else ""
    print(f"==> Making the {os_version} base for boxes{besides} with debootstrap (once)", flush=True)
    debootstrap(os_version, unfinished.root, [*PACKAGES, *more], lab_cache() / "debs")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", unfinished.client_key)
    prepare(unfinished)
    if not more:
        refuse_build_tools(unfinished.root)
    os.rename(unfinished.directory, directory)


def prepare(base: BaseRoot) -> None:
    """Run prepare-box.sh in the root tree."""
    public_key = base.client_key.with_suffix(".pub").read_text()
    run("chroot", base.root, "/bin/sh", "-c", PREPARATION.read_text(), input=public_key)


def refuse_build_tools(root: Path) -> None:
    """Raise ValueError if a Python or a compiler came in with the packages."""
    found = [str(path) for name in FORBIDDEN for path in root.glob(f"usr/*bin/{name}")]
    if found:
        raise ValueError(f"a box must have no Python and no compiler, but there are {' '.join(found)}")
