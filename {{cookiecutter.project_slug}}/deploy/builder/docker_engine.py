"""Engine "docker": an image of the target's operating system with packages, and containers of it."""

import copy
import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from builder import cache, network
from builder.engine import Mount
from builder.output import UNAVAILABLE, Failure, detail
from builder.process import failure, log_file, run_logged
from builder.settings import WHEELS
from builder.systems import System
from builder.targets import Target

ANSWER_SECONDS = 20
# With Docker's 1e9 open files, yum of CentOS up to 7 visits each: 100 % CPU [docker/buildx#379, moby#23137].
# Low, because a daemon with a limit of its own refuses to start containers that have more.
MOST_OPEN_FILES = 4096
OPEN_FILES = f"nofile=1024:{MOST_OPEN_FILES}"
INSIDE = "/mnt/offline-flask"
# What makes an image what it is; then its id, and by what digests registries know it.
CONTENT = "{{json .RootFS.Layers}} {{.Architecture}} | {{.Id}} | {{json .RepoDigests}}"


def query(*arguments: str) -> Optional[str]:
    """Return what a short docker command prints, None if it fails."""
    try:
        result = subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def server_version() -> Optional[str]:
    """Return the version of the Docker engine that answers, None if none does."""
    return query("version", "--format", "{{.Server.Version}}")


def caller() -> list[str]:
    """Return the options that make files written by a container the caller's own."""
    options = query("info", "--format", "{{json .SecurityOptions}}") or ""
    if "rootless" in options:  # root inside is the caller already
        return []
    return ["--user", f"{os.getuid()}:{os.getgid()}"]


def network_options(enabled: bool, environment: dict[str, str]) -> list[str]:
    if not enabled:
        return ["--network", "none"]
    return ["--network", "host"] if network.names_this_machine(environment) else []


def mount_option(path: Path, inside: str, writable: bool) -> list[str]:
    # docker reads the value as a line of CSV.
    fields = ["type=bind", f"src={path}", f"dst={inside}", *([] if writable else ["readonly"])]
    return ["--mount", ",".join('"{}"'.format(field.replace('"', '""')) for field in fields)]


@contextmanager
def variables_file(variables: dict[str, str]) -> Iterator[str]:
    """Write variables to a file that only the caller can read: they may hold passwords, and ps shows arguments."""
    with tempfile.NamedTemporaryFile("w", prefix="offline-flask-", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in variables.items())
        stream.flush()
        yield stream.name


@contextmanager
def build_context(packages: Path) -> Iterator[str]:
    """Yield wheels/ if it has that list in packages/, else a copy of it that has."""
    if packages.parent == WHEELS / "packages":
        yield str(WHEELS)
        return
    with tempfile.TemporaryDirectory(prefix="offline-flask-") as directory:
        context = Path(directory) / "wheels"
        shutil.copytree(WHEELS, context)
        shutil.copyfile(packages, context / "packages" / packages.name)
        yield str(context)


class DockerEngine:
    """Runs scripts in containers; see builder.engine.Engine."""

    name = "docker"

    def __init__(self, target: Target, system: System) -> None:
        self.base, self.packages = system.image, system.packages
        self.system = f"{target.os} {target.version} in a container of {system.image}"
        self.repository = f"offline-flask/{target.os}-{target.version}"
        self.arguments = {"VAULT": system.vault, "REPOSITORY": system.repository}
        mend = [WHEELS / "fix-repos.sh"] if system.vault else []
        self.inputs = [WHEELS / "Dockerfile", WHEELS / "install-build-deps.sh", *mend, system.packages]
        self.image = ""
        self.origin: dict[str, str] = {}

    def with_packages(self, packages: Path) -> "DockerEngine":
        """Return an engine whose image is this one's with the packages of a list on top."""
        self.have_image()
        other = copy.copy(self)
        other.base, other.packages, other.inputs = self.image, packages, [*self.inputs[:-1], packages]
        other.prepare()
        return other

    def prepare(self) -> None:
        self.image = self.image_on(self.base_content())

    def have_image(self) -> None:
        """See to it that the image is there: who finds everything in the cache needs none."""
        if query("image", "inspect", "--format", "{{.Id}}", self.image) is None:
            self.build_image()

    def image_on(self, base_content: str) -> str:
        return f"{self.repository}:{cache.key(base_content, self.arguments, cache.files_key(self.inputs))}"

    def identity(self) -> str:
        return self.image.rpartition(":")[2]

    def is_cached(self) -> bool:
        """Tell whether prepare() would find the image; it has its identity then."""
        content = self.inspect_base()
        self.image = self.image_on(content) if content else ""
        return bool(content) and query("image", "inspect", "--format", "{{.Id}}", self.image) is not None

    def base_content(self) -> str:
        """Return the digests of the base image's layers, pulling it if it is absent."""
        content = self.inspect_base()
        if content is None:
            self.pull()
            content = self.inspect_base()
        if content is None:
            raise Failure(UNAVAILABLE, f"docker cannot inspect {self.base}")
        return content

    def inspect_base(self) -> Optional[str]:
        """Return what makes the base image what it is, None if it is not here; note where it comes from."""
        answer = query("image", "inspect", "--format", CONTENT, self.base)
        if answer is None:
            return None
        content, identifier, digests = answer.split(" | ")
        # An image that was loaded or imported, and never pulled, has none.
        digest = " ".join(json.loads(digests) or ["unknown"])
        self.origin = {"IMAGE": self.base, "IMAGE_ID": identifier, "IMAGE_DIGEST": digest}
        return content

    def provenance(self) -> dict[str, str]:
        return {**self.origin, "SYSTEM": self.identity()}

    def pull(self) -> None:
        detail(f"pulling {self.base}")
        log = log_file(f"pull-{cache.key(self.base)}")
        if run_logged(["docker", "pull", self.base], None, log):
            advice = (
                f"the base image {self.base} is not here and cannot be pulled; fix the network, load it (docker "
                f'load), name another in deploy/targets.json ("image"), or build with ENGINE=host on such a system'
            )
            raise failure(UNAVAILABLE, advice, "this machine", log)

    def build_image(self) -> None:
        detail(f"installing the operating system's packages in {self.image}")
        proxies = network.package_proxies()
        log = log_file(f"packages-{self.identity()}")
        command = ["docker", "build", "--pull=false", "--tag", self.image, "--ulimit", OPEN_FILES]
        command += network_options(True, proxies)
        own = {"BASE_IMAGE": self.base, "PACKAGES": self.packages.name, **self.arguments}
        for argument in (*(f"{name}={value}" for name, value in own.items()), *proxies):
            command += ["--build-arg", argument]
        with build_context(self.packages) as context:
            status = run_logged([*command, context], {**os.environ, **proxies}, log)
        if status:
            raise failure(UNAVAILABLE, "installing the packages for compiling failed", self.system, log)

    def execute(
        self, script: Path, environment: dict[str, str], mounts: list[Mount], networked: bool, log: Path
    ) -> int:
        self.have_image()
        name = f"offline-flask-{uuid.uuid4().hex}"
        inside = {mount.variable: f"{INSIDE}/{mount.variable.lower()}" for mount in mounts}
        variables = {**environment, **inside, "HOME": "/tmp"}
        command = ["docker", "run", "--rm", "--init", "--name", name, "--ulimit", OPEN_FILES, *caller()]
        command += ["--security-opt", "label=disable", *network_options(networked, environment)]
        for mount in mounts:
            command += mount_option(mount.path, inside[mount.variable], mount.writable)
        command += mount_option(WHEELS, f"{INSIDE}/scripts", False)
        command += ["--workdir", "/tmp"]
        script_inside = f"{INSIDE}/scripts/{script.name}"
        with variables_file(variables) as path:
            try:
                return run_logged([*command, "--env-file", path, self.image, "bash", script_inside], None, log)
            except BaseException:
                query("rm", "--force", name)
                raise
