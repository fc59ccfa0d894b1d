"""make doctor: what this build host and this project lack, each with what mends it."""

import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from typing import Optional

from builder import docker_engine, host_engine, listing, machine, modes, pairs, project_doctor, systems, targets
from builder.finding import MISSING, NOTE, OK, Finding
from builder.output import SETTINGS, Failure, result
from builder.settings import DEPLOY
from builder.targets import Target

# What only some verbs need: the program, what for, and the packages that bring it (Debian; Red Hat).
PROGRAMS = (
    ("make", "every verb", "make", "make"),
    ("ssh", "make deploy, verify and status", "openssh-client", "openssh-clients"),
    ("scp", "make deploy", "openssh-client", "openssh-clients"),
    ("tar", "making locks, choosing a bundle", "tar", "tar"),
    ("git", "noting the revision in the bundle", "git", "git"),
    ("openssl", "SIGN_KEY and make keygen", "openssl", "openssl"),
)
NEEDED = ("make", "tar")


def install_command(debian: str, red_hat: str) -> str:
    """Return the command that installs a package on this machine."""
    if shutil.which("apt-get"):
        return f"sudo apt-get install {debian}"
    manager = next((name for name in ("dnf", "yum") if shutil.which(name)), "")
    return f"sudo {manager} install {red_hat}" if manager else f"install {debian}"


def python() -> Iterator[Finding]:
    yield Finding(OK, f"Python {platform.python_version()}")
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        what = "Python's venv, in which make verify, make rehearse and the repair of compiled wheels run"
        yield Finding(MISSING, what, install_command("python3-venv", "python3"))


def programs() -> Iterator[Finding]:
    for name, purpose, debian, red_hat in PROGRAMS:
        if shutil.which(name):
            yield Finding(OK, name)
        else:
            state = MISSING if name in NEEDED else NOTE
            yield Finding(state, f"{name} is not installed, for {purpose}", install_command(debian, red_hat))


def docker_failure() -> Optional[Finding]:
    """Return what keeps Docker from answering, None if it answers."""
    if docker_engine.server_version():
        return None
    if not shutil.which("docker"):
        mend = install_command("docker.io", "docker")
        mend = "install Docker Desktop, or Colima" if platform.system() == "Darwin" else mend
        return Finding(MISSING, "Docker is not installed", mend)
    said = subprocess.run(["docker", "version"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr
    if "permission denied" in said:
        return Finding(
            MISSING, "Docker's socket is not yours to use", 'sudo usermod -aG docker "$USER", then log in again'
        )
    start = "start Docker Desktop" if platform.system() == "Darwin" else "sudo systemctl start docker"
    return Finding(MISSING, "no Docker engine answers", start)


def engines(wanted: list[Target]) -> Iterator[Finding]:
    """What can build the targets: Docker, or this machine for targets that it is itself."""
    failure = docker_failure()
    by_host = [target for target in wanted if listing.engine_of(target, failure is None) == "host"]
    if failure is None:
        yield Finding(OK, f"Docker {docker_engine.server_version()}")
    else:
        needed = len(by_host) < len(wanted)
        yield failure if needed else failure._replace(state=NOTE, what=f"{failure.what}; this machine builds instead")
    for target in by_host:
        yield from host_packages(target)
    for target in wanted:
        if not listing.engine_of(target, answers=True):
            yield Finding(MISSING, f"{target.name} cannot be built on this machine", "build it on one of its arch")


def host_packages(target: Target) -> Iterator[Finding]:
    if not shutil.which("dpkg-query"):
        yield Finding(MISSING, "ENGINE=host needs Debian or Ubuntu", "install Docker")
        return
    names = systems.package_names(pairs.system_of(target).packages)
    missing = sorted(set(names) - set(host_engine.installed_versions(names)))
    if missing:
        update = "" if apt_knows(missing[0]) else "sudo apt-get update && "
        mend = f"{update}sudo apt-get install --no-install-recommends {' '.join(missing)}"
        state = NOTE if os.geteuid() == 0 and not update else MISSING
        yield Finding(state, f"packages for compiling {target.name} are not installed", mend)


def apt_knows(package: str) -> bool:
    """Tell whether apt's lists have a package: those of a fresh image are empty."""
    command = ["apt-cache", "show", "--no-all-versions", package]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def this_machine(wanted: list[Target]) -> Iterator[Finding]:
    """Disk, kernel and CPU, as the builder itself looks at them before a build."""
    answers = docker_engine.server_version() is not None
    for engine in dict.fromkeys(listing.engine_of(target, answers) for target in wanted):
        try:
            machine.check(engine, [target for target in wanted if listing.engine_of(target, answers) == engine])
        except Failure as failure:
            _, *problems = str(failure).split("\n    ")
            for problem in problems:
                what, _, mend = problem.partition("; ")
                yield Finding(MISSING, what, mend)


def chosen() -> list[Target]:
    """Return the targets to look at; Failure names what is wrong with targets.json, or a pair that cannot work."""
    found = targets.matching(targets.read(DEPLOY / "targets.json"), os.environ.get("TARGET", ""))
    pairs.check([target for target in found if modes.of_target(target) == modes.PREBUILT])
    return found


def findings() -> Iterator[Finding]:
    yield from python()
    yield from programs()
    configured = list(project_doctor.configuration())
    yield from configured
    try:
        wanted = chosen()
    except Failure as failure:
        yield Finding(MISSING, str(failure), "edit deploy/targets.json")
        return
    yield Finding(OK, f"deploy/targets.json: {', '.join(target.name for target in wanted)}")
    yield from engines(wanted)
    yield from this_machine(wanted)
    if all(finding.state != MISSING for finding in configured):
        yield from project_doctor.locks(wanted)


def show() -> None:
    """Print what was found; Failure 78 if something is missing."""
    missing = 0
    for finding in findings():
        missing += finding.state == MISSING
        result(f"{finding.state:<8} " + finding.what.replace("\n", "\n" + 9 * " "))
        if finding.mend:
            result(f"{9 * ' '}→ {finding.mend}")
    if missing:
        raise Failure(SETTINGS, f"{missing} of these keep the project from being built; mend them from the top")
