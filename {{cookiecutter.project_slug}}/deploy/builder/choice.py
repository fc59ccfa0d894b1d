"""Which engine builds which target (ENGINE=auto|docker|host)."""

import os

from builder import docker_engine, pairs, systems
from builder.docker_engine import DockerEngine
from builder.engine import Engine
from builder.host_engine import HostEngine
from builder.output import UNAVAILABLE, USAGE, Failure, detail, warning
from builder.targets import Target, machine_arch

NAMES = ("auto", "docker", "host")


def choose(wanted: str, whose: str = "ENGINE") -> str:
    """Return "docker" or "host" for what ENGINE or another one says, telling why; Failure 64 or 69."""
    if wanted not in NAMES:
        raise Failure(USAGE, f"ENGINE must be one of {', '.join(NAMES)}, not {wanted!r}")
    if wanted == "host":
        detail(f"engine host: {whose} says so")
        return "host"
    version = docker_engine.server_version()
    if version:
        reason = f"{whose} says so" if wanted == "docker" else f"Docker {version} answers"
        detail(f"engine docker: {reason}")
        return "docker"
    if wanted == "docker":
        raise Failure(UNAVAILABLE, f"no Docker engine answers; {start_docker()}, or build with ENGINE=host")
    detail("engine host: no Docker engine answers")
    return "host"


def start_docker() -> str:
    return "install and start one (on Debian: sudo apt-get install docker.io), and see that `docker info` works"


def wanted(target: Target) -> str:
    """Return what is asked for: by ENGINE, else by the target's row, else auto."""
    return os.environ.get("ENGINE") or target.engine or "auto"


def plan(targets: list[Target]) -> dict[Target, str]:
    """Return the engine of each target that can be built here: ENGINE's, else the row's own; Failure 64, 69 if none."""
    whose = "ENGINE" if os.environ.get("ENGINE") else "targets.json"
    chosen = {name: choose(name, whose) for name in dict.fromkeys(map(wanted, targets))}
    planned = {target: chosen[wanted(target)] for target in targets}
    fitting = {target: engine for target, engine in planned.items() if fits(engine, target)}
    if not fitting:
        raise Failure(UNAVAILABLE, advice(planned))
    for target in targets:
        if target not in fitting:
            warning(f"{target.name} is not built: {misfit(planned[target], target)}")
    return fitting


def fits(engine: str, target: Target) -> bool:
    """Tell whether an engine of this machine can build a target: the host engine's is this machine itself."""
    return systems.is_this_machine(target) if engine == "host" else target.arch == machine_arch()


def misfit(engine: str, target: Target) -> str:
    if engine == "host":
        return "the host engine builds for this machine only"
    return f"{target.arch} needs a build host of that arch, and this is {machine_arch()}"


def advice(planned: dict[Target, str]) -> str:
    if "host" in planned.values():
        return host_advice(list(planned))
    return "; ".join(f"{target.name}: {misfit(engine, target)}" for target, engine in planned.items())


def host_advice(targets: list[Target]) -> str:
    name, version, arch = systems.this_machine()
    here = f"{name or 'not Linux'} {version} {arch}"
    wanted = ", ".join(target.name for target in targets)
    return (
        f"the host engine builds for this machine only ({here}), and the targets are {wanted}; "
        f"{start_docker()}, or add a row for this machine to deploy/targets.json"
    )


def make(engine: str, target: Target) -> Engine:
    """Return the engine for one target."""
    system = pairs.system_of(target)
    return DockerEngine(target, system) if engine == "docker" else HostEngine(target, system)
