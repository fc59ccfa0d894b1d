"""One bundle: which files go in, what its head says, and how it gets into dist/."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple, Optional

import pack
import versions
from builder import cache, check, signing
from builder.engine import Engine
from builder.interpreter import Interpreter
from builder.output import SETTINGS, Failure
from builder.settings import APP, DEPLOY, DIST, PROJECT, Settings
from builder.targets import Target

FORMAT = 1
RESERVED = ("wheels", "deploy", "BUNDLE", "SHA256SUMS", "MANIFEST")
# A developer's own, at the top of project/.
DEVELOPERS_OWN = ("locks", "venv", "instance")


class Bundle(NamedTuple):
    """A finished bundle: its file, and what the summary tells of it."""

    path: Path
    size: int
    glibc: str
    glibc_file: str


def is_cache(path: Path) -> bool:
    return path.name in ("__pycache__", ".git") or path.suffix == ".pyc"


def stays_home(path: Path) -> bool:
    """Tell whether a path relative to project/ is left out of the bundle."""
    return is_cache(path) or (len(path.parts) == 1 and path.name in DEVELOPERS_OWN)


def check_reserved() -> None:
    for name in RESERVED:
        if os.path.lexists(APP / name):
            raise Failure(SETTINGS, f"project/{name} would collide with the bundle's own {name}: rename it")
    for name in DEVELOPERS_OWN:
        if os.path.lexists(APP / name) and not (APP / name).is_dir():
            raise Failure(SETTINGS, f"project/{name} would collide with the release's own {name}: rename it")


def deployed_members(release: str, supervisor: Path) -> list[pack.Member]:
    """Return the part of deploy/ that works on the box, with supervisor's wheels."""
    top = f"{release}/deploy"
    members = [pack.directory(top)]
    for name in ("setup.sh", "activate.sh"):
        members.append(pack.member_of_disk(f"{top}/{name}", DEPLOY / name))
    for name in ("release", "box"):
        members.append(pack.directory(f"{top}/{name}"))
        members += pack.tree_members(DEPLOY / name, f"{top}/{name}/", is_cache)
    return [*members, pack.directory(f"{top}/wheels"), *pack.tree_members(supervisor, f"{top}/wheels/")]


def app_members(release: str, supervisor: Path) -> list[pack.Member]:
    check_reserved()
    return sorted([*pack.tree_members(APP, f"{release}/", stays_home), *deployed_members(release, supervisor)])


def wheel_members(release: str, wheels: Path) -> list[pack.Member]:
    return [pack.directory(f"{release}/wheels"), *pack.tree_members(wheels, f"{release}/wheels/")]


def interpreter_members(target: Target, shipped: Path) -> list[pack.Member]:
    """Return the interpreter under a name that its content gives it."""
    members = pack.tree_members(shipped, "")
    name = f"python-{target.python}-{pack.content_digest(members)[:12]}"
    placed = [member._replace(path=f"{name}/{member.path}") for member in members]
    return [pack.directory(name), *placed]


def git(*arguments: str) -> Optional[str]:
    """Return what git prints about the project, None if there is no git or no repository."""
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def revision() -> dict[str, str]:
    commit = git("rev-parse", "--verify", "HEAD")
    changed = bool(commit and git("status", "--porcelain", "--", "."))
    return {"REVISION": commit or "none", "DIRTY": "yes" if changed else "no"}


def build(
    settings: Settings,
    version: str,
    target: Target,
    engine: Engine,
    interpreter: Interpreter,
    wheels: Path,
    supervisor: Path,
) -> Bundle:
    """Pack a bundle into dist/; Failure 78 if something in it does not fit the target or cannot be packed."""
    release = f"{settings.app_name}-v{version}"
    try:
        layers = [interpreter_members(target, interpreter.shipped), wheel_members(release, wheels)]
        app = app_members(release, supervisor)
        members = [*layers[0], *layers[1], *app]
        floor = check.glibc_floor(target, interpreter, members)
        lines = description(settings, version, target, engine, interpreter, floor, members)
        head = pack.head_members(release, lines, members)
        path = DIST / target.name / f"{release}.tar.gz"
        write(path, head, layers, app)
    except pack.UnsafeMember as error:
        raise Failure(SETTINGS, f"cannot be packed: {error}") from error
    return Bundle(path, path.stat().st_size, ".".join(map(str, floor.glibc)), floor.path)


def description(
    settings: Settings,
    version: str,
    target: Target,
    engine: Engine,
    interpreter: Interpreter,
    floor: versions.Floor,
    members: list[pack.Member],
) -> dict[str, object]:
    """Return BUNDLE's lines, in their order."""
    return {
        "FORMAT": FORMAT,
        "NAME": settings.app_name,
        "VERSION": version,
        "TARGET": target.name,
        "ARCH": target.arch,
        "PYTHON": target.python,
        "PYTHON_ABI": interpreter.abi,
        "PYTHON_DIR": members[0].path,
        "GLIBC": ".".join(map(str, floor.glibc)),
        "GLIBC_FILE": floor.path,
        "ENGINE": engine.name,
        **revision(),
        "APP_MODULE": settings.app_module,
        "HEALTH_PATH": settings.health_path,
    }


def write(path: Path, head: list[pack.Member], layers: list[list[pack.Member]], app: list[pack.Member]) -> None:
    """Write the tarball, its sidecar and the signature and move them into place: nothing half-made is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sums = next(member for member in head if member.path.endswith("/SHA256SUMS"))
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as directory:
        archive, sidecar = Path(directory) / path.name, Path(directory) / f"{path.name}.sha256"
        signature = sidecar.with_name(f"{sidecar.name}.sig")
        pack.write_archive(head, layers, app, cache.directory("layers"), archive)
        lines = f"{pack.file_sha256(archive)}  {path.name}\n{sums.sha256}  {sums.path}\n"
        sidecar.write_text(lines, encoding="utf-8")
        signing.sign(sidecar, signature)
        path.with_name(signature.name).unlink(missing_ok=True)
        for made in (archive, sidecar, signature):
            if made.exists():
                os.replace(made, path.with_name(made.name))
