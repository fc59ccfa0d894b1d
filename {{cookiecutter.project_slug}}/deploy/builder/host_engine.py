"""Engine "host": the same scripts on this machine, for this machine's own operating system as the target."""

import copy
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from builder import cache, network
from builder.engine import ENVIRONMENT, Mount
from builder.output import SETTINGS, UNAVAILABLE, Failure, detail, warning
from builder.process import failure, log_file, run_logged
from builder.settings import WHEELS
from builder.systems import System, package_names
from builder.targets import Target

# Options of unshare(1): the first serves root, the second everyone where the system allows it.
WITHOUT_NETWORK = (["--net"], ["--user", "--map-root-user", "--net"])


def installed_versions(packages: list[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed, by name; none where there is no dpkg."""
    if not shutil.which("dpkg-query"):
        return {}
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package} ${Version}\\n", *packages]
    listing = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    rows = (line.split() for line in listing.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0] == "installed"}


def check_cache_path(path: Path) -> None:
    """Refuse a path that CPython's configure and Makefile, which do not quote it, would stumble over."""
    if re.search(r"[^A-Za-z0-9/._+@-]", str(path)):
        raise Failure(SETTINGS, f"CPython cannot be compiled below {str(path)!r}: set XDG_CACHE_HOME to a plain path")


def isolation() -> list[str]:
    """Return the command that runs another one without a network, [] if this machine has none that works."""
    program = shutil.which("unshare")
    for options in WITHOUT_NETWORK if program else ():
        command = [program, *options]
        if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode == 0:
            return command
    return []


class HostEngine:
    """Runs scripts on this machine; see builder.engine.Engine."""

    name = "host"

    def __init__(self, target: Target, system: System) -> None:
        self.system = f"{target.os} {target.version}, this machine"
        self.packages = package_names(system.packages)
        self.packages_file = system.packages
        self.versions: dict[str, str] = {}
        self.without_network: list[str] = []

    def with_packages(self, packages: Path) -> "HostEngine":
        """Return an engine whose packages are this one's and those of a list."""
        other = copy.copy(self)
        other.packages, other.packages_file = [*self.packages, *package_names(packages)], packages
        other.prepare()
        return other

    def prepare(self) -> None:
        if not shutil.which("dpkg-query"):
            raise Failure(UNAVAILABLE, "ENGINE=host needs a Debian or Ubuntu machine (dpkg-query is not here)")
        check_cache_path(cache.directory("interpreters"))
        self.versions = installed_versions(self.packages)
        missing = [name for name in self.packages if name not in self.versions]
        if missing:
            self.install(missing)
        self.without_network = isolation()
        if not self.without_network:
            warning("unshare does not work here: compiling without a network is not enforced")

    def is_cached(self) -> bool:
        """Tell whether prepare() would find all packages; it has its identity then."""
        self.versions = installed_versions(self.packages)
        return set(self.packages) <= set(self.versions)

    def identity(self) -> str:
        return cache.key(self.system, self.versions)

    def provenance(self) -> dict[str, str]:
        return {"IMAGE": "none", "SYSTEM": self.identity()}

    def install(self, missing: list[str]) -> None:
        command = f"apt-get install --no-install-recommends {' '.join(missing)}"
        if os.geteuid() != 0:
            raise Failure(UNAVAILABLE, f"packages for compiling are missing; run: sudo {command}")
        detail(command)
        log = log_file("packages-host")
        environment = {**ENVIRONMENT, **network.package_proxies(), "PACKAGES": str(self.packages_file)}
        if run_logged(["bash", str(WHEELS / "install-build-deps.sh")], environment, log):
            raise failure(UNAVAILABLE, "installing the packages for compiling failed", self.system, log)
        self.versions = installed_versions(self.packages)

    def execute(
        self, script: Path, environment: dict[str, str], mounts: list[Mount], networked: bool, log: Path
    ) -> int:
        paths = {mount.variable: str(mount.path) for mount in mounts}
        command = [*([] if networked else self.without_network), "bash", str(script)]
        with tempfile.TemporaryDirectory(prefix="offline-flask-") as home:
            return run_logged(command, {**environment, **paths, "HOME": home}, log)
