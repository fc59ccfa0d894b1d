"""A Docker engine with the base image that a build asks for, found or made."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from lab.apt import SUITES, debootstrap
from lab.cache import lab_cache, locked
from lab.command import run, wait_until
from lab.skip import Unavailable

START_SECONDS = 60
STARTED: list[subprocess.Popen[bytes]] = []  # held: it outlives us, and Python warns of a child it has lost


def docker_engine() -> docker.DockerClient:
    """The engine that answers at DOCKER_HOST or at the usual socket.

    As root, where none answers, the installed dockerd is started, and stays. Raises Unavailable.
    """
    with locked(lab_cache() / "dockerd.lock"):
        engine, complaint = connect()
        if engine is None:
            require_own_dockerd(complaint)
            start_dockerd()
            engine, complaint = connect()
    if engine is None:
        raise Unavailable(f"dockerd was started but does not answer: {complaint}")
    return engine


def connect() -> tuple[docker.DockerClient | None, str]:
    """The engine if one answers, and why not."""
    try:
        engine = docker.from_env(timeout=600)  # a build step may be silent for minutes
        engine.ping()
    except DockerException as error:
        return None, root_cause(error)
    return engine, ""


def answers() -> bool:
    """Whether an engine does."""
    engine, _ = connect()
    if engine:
        engine.close()
    return engine is not None


def root_cause(error: BaseException) -> str:
    """What the system said, below the layers of libraries that wrapped it."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)


def require_own_dockerd(complaint: str) -> None:
    """Raise Unavailable where starting an engine is not for us to do or cannot be done."""
    if os.environ.get("DOCKER_HOST"):
        raise Unavailable(f"no Docker engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}: {complaint}")
    if os.geteuid() != 0:
        raise Unavailable(f"no Docker engine answers, and only root can start one: {complaint}")
    if not shutil.which("dockerd"):
        raise Unavailable("no Docker engine answers, and dockerd is not installed; run make setup as root")


def start_dockerd() -> None:
    """Start dockerd as this machine starts services. Raises Unavailable."""
    if Path("/run/systemd/system").is_dir():
        started = run("systemctl", "start", "docker", check=False)
        if started.returncode != 0:
            raise Unavailable(f"systemd could not start Docker: {started.stderr.strip()}")
    else:
        start_without_systemd()


def start_without_systemd() -> None:
    """Start dockerd and wait until it answers. Raises Unavailable with the end of its log if it ends instead."""
    log = lab_cache() / "dockerd.log"
    with open(log, "w") as output:
        dockerd = subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    STARTED.append(dockerd)
    wait_until(lambda: dockerd.poll() is not None or answers(), START_SECONDS)
    if dockerd.poll() is not None:
        end = log.read_text(errors="replace")[-2000:]
        raise Unavailable(f"dockerd ended with code {dockerd.returncode}; the end of {log}:\n{end}")


def require_base_image(tag: str) -> str:
    """See that the engine has the image `tag` (like debian:12); returns it.

    At hand, else pulled, else made by debootstrap (debian:11, :12 and :13, as root). Raises Unavailable.
    """
    with closing(docker_engine()) as engine, locked(lab_cache() / "images.lock"):
        if not has_image(engine, tag):
            complaint = pull(engine, tag)
            if complaint:
                make_base_image(engine, tag, complaint)
    return tag


def has_image(engine: docker.DockerClient, tag: str) -> bool:
    """Whether the engine holds `tag`."""
    try:
        engine.images.get(tag)
    except ImageNotFound:
        return False
    return True


def pull(engine: docker.DockerClient, tag: str) -> str:
    """Pull `tag`; what stood in the way, or nothing."""
    try:
        engine.images.pull(tag)
    except APIError as error:
        return error.explanation or str(error)
    return ""


def make_base_image(engine: docker.DockerClient, tag: str, complaint: str) -> None:
    """Make `tag` with debootstrap; `complaint` is why it cannot be pulled. Raises Unavailable."""
    os_version = tag.replace(":", "-")
    if os_version not in SUITES:
        raise Unavailable(f"the image {tag} is not at hand and cannot be pulled: {complaint}")
    import_image(engine, base_archive(os_version), tag)


def import_image(engine: docker.DockerClient, archive: Path, tag: str) -> None:
    """Make the image `tag` of the root tree in the tar file `archive`."""
    engine.api.import_image_from_file(str(archive), *tag.split(":"), changes=['CMD ["bash"]'])


def base_archive(os_version: str) -> Path:
    """The tar file of a minimal root tree of `os_version`, made now (a minute) if the cache has none."""
    archive = lab_cache() / f"image-{os_version}.tar"
    if not archive.exists():
        print(f"==> Making a Docker image of {os_version} with debootstrap (once)", flush=True)
        with tempfile.TemporaryDirectory(dir=lab_cache()) as directory:
            root, unfinished = Path(directory, "root"), Path(directory, "tar")
            debootstrap(os_version, root, [], lab_cache() / "debs")
            with tarfile.open(unfinished, "w") as tar:
                tar.add(root, arcname=".")
            os.rename(unfinished, archive)
    return archive
