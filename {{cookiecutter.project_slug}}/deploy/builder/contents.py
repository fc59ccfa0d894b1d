"""What goes into a bundle besides its head: the app, its wheels, its interpreter and the scripts of the box."""

import os
from pathlib import Path
from typing import Callable, NamedTuple

import layers
import pack
import versions
from builder import box_python, ignored, modes, trees
from builder.engine import Engine
from builder.interpreter import Interpreter
from builder.known_files import KnownFiles
from builder.output import SETTINGS, Failure
from builder.settings import APP, DEPLOY, PROJECT
from builder.targets import Target

RESERVED = ("wheels", "deploy", "BUNDLE", "SHA256SUMS", "MANIFEST", "DELTA")
# A developer's own, at the top of project/: the release has others of the same names, or none (.env holds secrets).
DEVELOPERS_OWN = ("locks", "venv", "instance")
STAYS_HOME = (".venv", ".env")
CACHES = ("__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache")


class Ingredients(NamedTuple):
    """What a bundle is made of besides the app: made by engine, the wheels and supervisor's each a directory."""

    engine: Engine
    interpreter: Interpreter
    wheels: Path
    supervisor: Path


class Contents(NamedTuple):
    """What goes in, in layers, the interpreter's first; and the glibc that it needs."""

    layers: list[list[pack.Member]]
    floor: versions.Floor

    @property
    def members(self) -> list[pack.Member]:
        return [member for layer in self.layers for member in layer]


def is_cache(path: Path) -> bool:
    return path.name in CACHES or path.suffix == ".pyc"


def is_developers_own(path: Path) -> bool:
    return len(path.parts) == 1 and path.name in (*DEVELOPERS_OWN, *STAYS_HOME, ignored.FILE)


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


def of(release: str, target: Target, ingredients: Ingredients, bill: Path) -> Contents:
    """Return the contents of a release's bundle; bill is the directory of its SBOM."""
    known = KnownFiles(PROJECT)
    own = [*own_members(release, known), *trees.of(bill).placed(f"{release}/deploy/")]
    brought = placed(f"{release}/deploy/wheels", trees.of(ingredients.supervisor))
    parts = [
        interpreter_contents(target, ingredients.interpreter.shipped),
        placed(f"{release}/wheels", trees.of(ingredients.wheels)),
    ]
    floors = [*(part.floor for part in parts), known.floor(own), brought.floor]
    known.remember()
    app = layers.pieces(sorted([*own, *brought.members]))
    return Contents([*(layer for part in parts for layer in part.layers), *app], versions.highest(floors))
