"""Which engine builds which target (ENGINE=auto|docker|host)."""

from builder import docker_engine, systems
from builder.docker_engine import DockerEngine
from builder.engine import Engine
from builder.host_engine import HostEngine
from builder.output import UNAVAILABLE, USAGE, Failure, detail, warning
from builder.targets import Target

NAMES = ("auto", "docker", "host")


def choose(wanted: str) -> str:
    """Return "docker" or "host" for what ENGINE says, telling why; Failure 64 or 69."""
    if wanted not in NAMES:
        raise Failure(USAGE, f"ENGINE must be one of {', '.join(NAMES)}, not {wanted!r}")
    if wanted == "host":
        detail("engine host: ENGINE says so")
        return "host"
    version = docker_engine.server_version()
    if version:
        reason = "ENGINE says so" if wanted == "docker" else f"Docker {version} answers"
        detail(f"engine docker: {reason}")
        return "docker"
    if wanted == "docker":
        raise Failure(UNAVAILABLE, f"no Docker engine answers; {start_docker()}, or build with ENGINE=host")
    detail("engine host: no Docker engine answers")
    return "host"


def start_docker() -> str:
    return "install and start one (on Debian: sudo apt-get install docker.io), and see that `docker info` works"


def buildable(engine: str, targets: list[Target]) -> list[Target]:
    """Return the targets that the engine can build: the host engine's is this machine. Failure 69 if none."""
    if engine == "docker":
        return targets
    fitting = [target for target in targets if systems.is_this_machine(target)]
    if not fitting:
        raise Failure(UNAVAILABLE, host_advice(targets))
    for target in targets:
        if target not in fitting:
            warning(f"{target.name} is not built: the host engine builds for this machine only")
    return fitting


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
    system = systems.of_target(target)
    return DockerEngine(target, system) if engine == "docker" else HostEngine(target, system)
