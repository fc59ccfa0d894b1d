"""One bundle: which files go in, and what its head says."""

import os
from pathlib import Path
from typing import Callable, NamedTuple, Optional

import layers
import pack
import versions
from builder import (
    box_python,
    cache,
    check,
    delta,
    ignored,
    inventory,
    modes,
    provenance,
    publication,
    sbom,
    small,
    trees,
)
from builder.engine import Engine
from builder.interpreter import Interpreter
from builder.known_files import KnownFiles
from builder.output import SETTINGS, Failure
from builder.reading import Head
from builder.settings import APP, DEPLOY, DIST, KIT, PROJECT, Settings
from builder.targets import Target

FORMAT = 1
RESERVED = ("wheels", "deploy", "BUNDLE", "SHA256SUMS", "MANIFEST", "DELTA")
# A developer's own, at the top of project/.
DEVELOPERS_OWN = ("locks", "venv", "instance")


class Bundle(NamedTuple):
    """A finished bundle: its file, whether it was there already, what the summary tells of it, and its other forms."""

    path: Path
    size: int
    was_there: bool
    glibc: str
    glibc_file: str
    forms: list[Path]


class Contents(NamedTuple):
    """What goes into a bundle besides its head, in layers, the interpreter's first; and the glibc that it needs."""

    layers: list[list[pack.Member]]
    floor: versions.Floor

    @property
    def members(self) -> list[pack.Member]:
        return [member for layer in self.layers for member in layer]


def is_cache(path: Path) -> bool:
    return path.name in ("__pycache__", ".git") or path.suffix == ".pyc"


def is_developers_own(path: Path) -> bool:
    return len(path.parts) == 1 and path.name in (*DEVELOPERS_OWN, ignored.FILE)


def left_out() -> Callable[[Path], bool]:
    """Return what tells whether a path relative to project/ is left out of the bundle."""
    is_ignored = ignored.matcher()
    return lambda path: is_cache(path) or is_developers_own(path) or is_ignored(path)


def check_reserved() -> None:
    for name in RESERVED:
        if os.path.lexists(APP / name):
            raise Failure(SETTINGS, f"project/{name} would collide with the bundle's own {name}: rename it")
    for name in DEVELOPERS_OWN:
        if os.path.lexists(APP / name) and not (APP / name).is_dir():
            raise Failure(SETTINGS, f"project/{name} would collide with the release's own {name}: rename it")


def own_members(release: str, known: KnownFiles) -> list[pack.Member]:
    """Return the app, and the part of deploy/ that works on the box."""
    check_reserved()
    top = f"{release}/deploy"
    members = [*pack.tree_members(APP, f"{release}/", left_out(), known.sha256), pack.directory(top)]
    for name in ("setup.sh", "activate.sh"):
        members.append(pack.member_of_disk(f"{top}/{name}", DEPLOY / name, known.sha256))
    for name in ("release", "box"):
        members.append(pack.directory(f"{top}/{name}"))
        members += pack.tree_members(DEPLOY / name, f"{top}/{name}/", is_cache, known.sha256)
    return members


def placed(directory: str, tree: trees.Tree) -> Contents:
    """Return what a directory of the bundle holds, which is the whole of a cache's entry."""
    floor = tree.floor._replace(path=f"{directory}/{tree.floor.path}" if tree.floor.path else "")
    return Contents([[pack.directory(directory), *tree.placed(f"{directory}/")]], floor)


def interpreter_contents(target: Target, shipped: Path) -> Contents:
    """Return the interpreter, or what stands for it, under a name that its content gives it."""
    is_brought = modes.of_target(target) in (modes.PREBUILT, modes.ARCHIVE)
    tree = trees.of(shipped) if is_brought else box_python.tree(target, shipped)
    return placed(f"python-{target.python}-{pack.content_digest(tree.members)[:12]}", tree)


def contents(
    release: str, target: Target, interpreter: Interpreter, wheels: Path, supervisor: Path, bill: Path
) -> Contents:
    known = KnownFiles(PROJECT)
    own = [*own_members(release, known), *trees.of(bill).placed(f"{release}/deploy/")]
    brought = placed(f"{release}/deploy/wheels", trees.of(supervisor))
    parts = [interpreter_contents(target, interpreter.shipped), placed(f"{release}/wheels", trees.of(wheels))]
    floors = [*(part.floor for part in parts), known.floor(own), brought.floor]
    known.remember()
    app = layers.pieces(sorted([*own, *brought.members]))
    return Contents([*(layer for part in parts for layer in part.layers), *app], versions.highest(floors))


def path_of(settings: Settings, version: str, target: Target, into: Optional[Path] = None) -> Path:
    return (into or DIST) / target.name / f"{settings.app_name}-v{version}.tar.gz"


def build(
    settings: Settings,
    version: str,
    target: Target,
    engine: Engine,
    interpreter: Interpreter,
    wheels: Path,
    supervisor: Path,
    older: Optional[Head] = None,
    into: Optional[Path] = None,
) -> Bundle:
    """Pack a bundle into dist/, and with older a delta since that one.

    Failure 78 if something in it does not fit the target or cannot be packed.
    """
    release = f"{settings.app_name}-v{version}"
    path, forms = path_of(settings, version, target, into), []
    try:
        bill = sbom.made(inventory.collect(settings, version, target, interpreter, [wheels, supervisor]))
        content = contents(release, target, interpreter, wheels, supervisor, bill)
        check.static_directory(settings, release, content.members)
        check.glibc(target, interpreter, content.floor)
        lines = description(settings, version, target, engine, interpreter, content)
        head = pack.head_members(release, lines, content.members)
        sums = next(member for member in head if member.path.endswith("/SHA256SUMS"))
        is_new = publication.publish(path, [head, *content.layers], sums)
        if is_new:
            publication.remove_other_forms(path)
            delta.keep(head)
        if small.is_wanted():
            interpreter_part, *rest = content.layers
            forms.append(small.path_of(path))
            parts = [head, small.without_bytecode(interpreter_part, target.python), *rest]
            publication.publish(forms[-1], parts, sums)
        if older:
            forms.append(delta.path_of(path, older))
            publication.publish(forms[-1], delta.parts(older, head, content.members), sums)
    except pack.UnsafeMember as error:
        if isinstance(error, pack.ChangedFile) and cache.holds(error.source):
            raise cache.damaged(error.source) from error
        raise Failure(SETTINGS, f"cannot be packed: {error}") from error
    floor = content.floor
    return Bundle(path, path.stat().st_size, not is_new, glibc_text(floor), floor.path, forms)


def glibc_text(floor: versions.Floor) -> str:
    """Return the glibc that is needed; 0.0 if no file needs any."""
    return ".".join(map(str, floor.glibc or (0, 0)))


def description(
    settings: Settings,
    version: str,
    target: Target,
    engine: Engine,
    interpreter: Interpreter,
    content: Contents,
) -> dict[str, object]:
    """Return BUNDLE's lines, in their order; boxes take printable ASCII alone."""
    return {
        "FORMAT": FORMAT,
        "NAME": settings.app_name,
        "VERSION": version,
        "TARGET": target.name,
        "ARCH": target.arch,
        "PYTHON": target.python,
        "PYTHON_ABI": interpreter.abi,
        "PYTHON_DIR": content.layers[0][0].path,
        "INTERPRETER": modes.of_target(target),
        **({"COMPILING_NEEDS": box_python.needs(target)} if modes.of_target(target) == modes.SOURCE else {}),
        "GLIBC": glibc_text(content.floor),
        "GLIBC_FILE": content.floor.path.encode("ascii", "backslashreplace").decode(),
        **provenance.of(engine, target),
        **settings.for_the_box(),
        **({"SERVICE": "none"} if KIT else {}),
    }
