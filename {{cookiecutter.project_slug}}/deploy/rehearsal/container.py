"""A clean box as a container: the base image of the target, no network, and whatever the image lacks."""

import io
import sys
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

import docker
from builder.output import INTERNAL, UNAVAILABLE, Failure
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.containers import Container
from rehearsal.bundle import Bundle
from rehearsal.place import RUN, hostile_environment, hostile_files, require_no_route

ACCOUNT = "rehearsal"
HOSTILE = "/hostile"
CARRIED = {"root": "/root/carried", "user": f"/home/{ACCOUNT}/carried"}
NOEXEC = "rw,noexec,nosuid,nodev,mode=1777"
# A machine's root may look at every process; Docker's default takes that away.
CAPABILITIES = ["SYS_PTRACE"]
# $0 is where the files are carried to, $1 the programs to remove.
PREPARE = f"""
useradd --create-home {ACCOUNT} || adduser -D {ACCOUNT} || exit
for name in $1; do
  while program=$(command -v "$name"); do rm "$program" || exit; done
done
mkdir -p "$0" && chown {ACCOUNT} "$0"
"""

# $0 is BASE.
MAKE_SHARED = f'mkdir -p "$0/shared" && chown {ACCOUNT}: "$0/shared" && chmod 750 "$0/shared"'
OWN_APP_ENV = f'chown {ACCOUNT}: "$0/shared/app.env" && chmod 600 "$0/shared/app.env"'


class ContainerPlace:
    """See rehearsal.place.Place."""

    enter: list[str] = []

    def __init__(self, container: Container, image: str, mode: str) -> None:
        self.what = f"a container of {image} without a network (docker)"
        self.mode = mode
        self._container = container
        self._user = "root" if mode == "root" else ACCOUNT
        self.host = f"docker://{self._user}@{container.name}"

    def prepare(self, unwanted: str) -> None:
        """Make the account and the hostile directory, and take away unwanted programs. Raises Failure 69."""
        self._make_ready(PREPARE, CARRIED[self.mode], unwanted)
        files = {f"{HOSTILE[1:]}/{name}": data for name, data in hostile_files().items()}
        self._container.put_archive("/", _archive(files))

    def refuse_network(self) -> None:
        """Raise Failure 70 if there is a way out."""
        require_no_route(self._container.exec_run(["cat", "/proc/net/route"])[1].decode())

    def write_app_env(self, bundle: Bundle, settings: bytes) -> None:
        """Write the shared/app.env of the box, before its first release. Raises Failure 69."""
        base = f"/opt/{bundle.head['NAME']}" if self.mode == "root" else f"/home/{ACCOUNT}"
        self._make_ready(MAKE_SHARED, base)
        self._container.put_archive(f"{base}/shared", _archive({"app.env": settings}))
        self._make_ready(OWN_APP_ENV, base)

    def setup(self, bundle: Bundle) -> int:
        """Carry the bundle over and run setup.sh, showing what it prints; returns its exit code."""
        for file in bundle.files:
            self._container.put_archive(CARRIED[self.mode], _archive({file.name: file.read_bytes()}))
        command = ["/bin/sh", "-c", RUN, CARRIED[self.mode], bundle.version, ACCOUNT]
        return self._show(command, hostile_environment(HOSTILE))

    def environment(self) -> None:
        """As it is."""
        return None

    def _make_ready(self, script: str, *arguments: str) -> None:
        code, output = self._container.exec_run(["/bin/sh", "-c", script, *arguments], user="root")
        if code:
            raise Failure(UNAVAILABLE, f"the container cannot be made ready: {output.decode(errors='replace').strip()}")

    def _show(self, command: list[str], environment: dict[str, str]) -> int:
        api = self._container.client.api
        call = api.exec_create(self._container.id, command, user=self._user, environment=environment)["Id"]
        for chunks in api.exec_start(call, stream=True, demux=True):
            for stream, chunk in zip((sys.stdout, sys.stderr), chunks):
                stream.write((chunk or b"").decode(errors="replace"))
                stream.flush()
        return int(api.exec_inspect(call)["ExitCode"])


@contextmanager
def open_container(image: str, mode: str, unwanted: str) -> Iterator[ContainerPlace]:
    """Start one, and remove it afterwards. Raises Failure 69 where no engine answers or has the image."""
    with closing(connect()) as engine:
        require_image(engine, image)
        container = start(engine, image)
        try:
            place = ContainerPlace(container, image, mode)
            place.prepare(unwanted)
            yield place
        except APIError as error:
            raise Failure(INTERNAL, f"the Docker engine failed: {error.explanation or error}") from error
        finally:
            container.remove(force=True)


def start(engine: docker.DockerClient, image: str) -> Container:
    """Start a container that only waits. Raises Failure 69."""
    try:
        return engine.containers.run(
            image,
            ["sleep", "2147483647"],
            name=f"offline-flask-rehearsal-{uuid.uuid4().hex[:8]}",
            detach=True,
            init=True,
            network_mode="none",
            cap_add=CAPABILITIES,
            tmpfs={"/tmp": NOEXEC, "/var/tmp": NOEXEC},
        )
    except APIError as error:
        reason = error.explanation or error
        raise Failure(UNAVAILABLE, f"no container of {image} can be started: {reason}") from error


def connect() -> docker.DockerClient:
    """The engine that answers at DOCKER_HOST or at the usual socket. Raises Failure 69."""
    try:
        engine = docker.from_env(timeout=600)
        engine.ping()
    except DockerException as error:
        raise Failure(UNAVAILABLE, f"no Docker engine answers: {error}") from error
    return engine


def require_image(engine: docker.DockerClient, image: str) -> None:
    """See that the engine has it, and fetch it where it can. Raises Failure 69."""
    try:
        engine.images.get(image)
    except ImageNotFound:
        try:
            engine.images.pull(*image.rpartition(":")[::2]) if ":" in image else engine.images.pull(image, "latest")
        except APIError as error:
            raise Failure(UNAVAILABLE, f"there is no image {image}: {error.explanation or error}") from error


def _archive(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()
