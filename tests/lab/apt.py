"""Debian: which release this machine runs, where its apt takes it from, and root trees made from there."""

import os
import platform
import re
import shutil
from pathlib import Path

from lab.command import run
from lab.skip import Unavailable

SUITES = {"debian-11": "bullseye", "debian-12": "bookworm", "debian-13": "trixie"}
DEBIANS_OWN_MIRROR = "http://deb.debian.org/debian/"
MIRROR_METHODS = ("http://", "https://", "file:")  # those that debootstrap reads as well


def this_debian() -> str:
    """The release of Debian that this machine runs, as in "12", or nothing."""
    system = platform.freedesktop_os_release()
    return system.get("VERSION_ID", "") if system["ID"] == "debian" else ""


def debian_mirror() -> str:
    """URI that this machine's apt takes Debian itself from; Debian's own where it takes it from none."""
    if not shutil.which("apt-get"):
        return DEBIANS_OWN_MIRROR
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    rows = run("apt-get", "indextargets", "--format", form, "Created-By: Packages").stdout
    for uri, release, component in (row.split() for row in rows.splitlines() if row.count(" ") == 2):
        if release in (*SUITES.values(), "stable") and component == "main" and uri.startswith(MIRROR_METHODS):
            return uri
    return DEBIANS_OWN_MIRROR


def debootstrap(os_version: str, root: Path, packages: list[str], debs: Path) -> None:
    """Make a minimal Debian in `root`, with `packages`; downloads are kept in `debs` for the next one.

    `os_version` is a key of SUITES. Raises Unavailable, or CommandFailed when debootstrap fails.
    """
    if os.geteuid() != 0:
        raise Unavailable(f"a {os_version} root tree is made by debootstrap, which needs root")
    if not shutil.which("debootstrap"):
        raise Unavailable(f"a {os_version} root tree is made by debootstrap, which is missing; run make setup")
    debs.mkdir(parents=True, exist_ok=True)
    include = [f"--include={','.join(packages)}"] if packages else []
    suite, mirror = SUITES[os_version], debian_mirror()
    options = ["--variant=minbase", *include, f"--cache-dir={debs}"]
    run("debootstrap", *options, suite, root, mirror, env=os.environ | apt_proxies(), timeout=1800)
    leave_no_trace_of_this_machine(root)


def apt_proxies() -> dict[str, str]:
    """The proxies in apt's configuration, as the environment variables that debootstrap's wget reads."""
    settings = run("apt-config", "dump", "--format", "%f %v%n").stdout if shutil.which("apt-config") else ""
    found = re.findall(r"^Acquire::(https?)::Proxy (\S+)$", settings, re.MULTILINE)
    return {f"{scheme}_proxy": uri for scheme, uri in found if uri != "DIRECT"}


def leave_no_trace_of_this_machine(root: Path) -> None:
    """Take out what debootstrap copied from this machine (name servers, host name) or downloaded."""
    for name in ("etc/resolv.conf", "etc/hostname"):
        (root / name).unlink(missing_ok=True)
        (root / name).touch()
    for directory in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(root / directory)
        (root / directory / "partial").mkdir(parents=True)
