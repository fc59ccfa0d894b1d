"""Where a rehearsal takes place (ENGINE=auto|docker|host)."""

from collections.abc import Iterator
from contextlib import contextmanager

from builder import modes, pairs, systems, targets
from builder.docker_engine import DockerEngine
from builder.output import UNAVAILABLE, USAGE, Failure, detail
from builder.settings import DEPLOY
from rehearsal.bundle import Bundle
from rehearsal.container import connect, open_container
from rehearsal.namespaces import open_namespaces
from rehearsal.place import Place, unwanted_programs


@contextmanager
def open_place(engine: str, mode: str, bundle: Bundle, image: str) -> Iterator[Place]:
    """Open a place that is like the box that a bundle is for. Raises Failure 64 or 69."""
    complaint = ""
    if engine == "auto":
        engine, complaint = find_engine()
    if engine == "docker":
        with open_container(image or image_of(bundle), mode or "root", unwanted_programs(bundle)) as place:
            yield place
    else:
        require_this_machine(bundle, complaint)
        if mode == "root":
            raise Failure(USAGE, "MODE=root is rehearsed in a container only: it would change this machine")
        with open_namespaces(unwanted_programs(bundle)) as place:
            yield place


def find_engine() -> tuple[str, str]:
    """Return docker, or host and why not docker."""
    try:
        connect().close()
    except Failure as failure:
        detail(f"engine host: {failure}")
        return "host", f"{failure}; "
    return "docker", ""


def image_of(bundle: Bundle) -> str:
    """Return the base image of the bundle's target, or the one with what compiling needs; Failure 69."""
    target = target_of(bundle)
    if bundle.interpreter == modes.SOURCE:
        engine = DockerEngine(target, pairs.system_of(target))
        engine.prepare()
        return engine.image
    if bundle.interpreter == modes.NONE:
        detail("this bundle brings no Python: IMAGE= names an image that has one, as the box must")
    return systems.of_target(target).image


def target_of(bundle: Bundle) -> targets.Target:
    """Return the row of targets.json that a bundle was built for. Raises Failure 69."""
    for target in targets.read(DEPLOY / "targets.json"):
        if target.name == bundle.target:
            return target
    raise Failure(
        UNAVAILABLE, f"deploy/targets.json has no {bundle.target} any more; give IMAGE=, such as IMAGE=debian:12"
    )


def require_this_machine(bundle: Bundle, complaint: str) -> None:
    """Raise Failure 69 if a bundle is for another system than this machine's."""
    name, version, arch = systems.this_machine()
    if not bundle.target.startswith(f"{name}-{version}-{arch}-"):
        here = f"{name} {version} {arch}"
        advice = f"{complaint}this machine is {here}, the bundle is for {bundle.target}; start a Docker engine"
        raise Failure(UNAVAILABLE, advice)
