"""One bundle: what its head says, and its forms in dist/."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Optional

import pack
import versions
from builder import box_python, cache, check, contents, delta, inventory, modes, provenance, publication, sbom, small
from builder.contents import Contents, Ingredients
from builder.output import SETTINGS, Failure
from builder.reading import Head
from builder.settings import DIST, KIT, Settings
from builder.targets import Target

FORMAT = 1


class Bundle(NamedTuple):
    """A finished bundle: its file, whether it was there already or is there in place of one with another content, the
    glibc that it needs, and its other forms."""

    path: Path
    was_there: bool
    replaces_another: bool
    floor: versions.Floor
    forms: list[Path]


def path_of(settings: Settings, version: str, target: Target, into: Optional[Path] = None) -> Path:
    return (into or DIST) / target.name / f"{settings.app_name}-v{version}.tar.gz"


def build(
    settings: Settings,
    version: str,
    target: Target,
    ingredients: Ingredients,
    older: Optional[Head] = None,
    into: Optional[Path] = None,
) -> Bundle:
    """Pack a bundle into dist/, and with older a delta since that one.

    Failure 78 if something in it does not fit the target or cannot be packed.
    """
    with packing():
        content = checked_contents(settings, version, target, ingredients)
        lines = description(settings, version, target, ingredients, content)
        head = pack.head_members(f"{settings.app_name}-v{version}", lines, content.members)
        path = path_of(settings, version, target, into)
        former = publication.sums_of_former(path)
        is_new = publish_whole(path, head, content)
        forms = publish_forms(path, head, content, target, older)
    return Bundle(path, not is_new, former not in ("", sums_of(head).sha256), content.floor, forms)


@contextmanager
def packing() -> Iterator[None]:
    """Have what cannot be packed be Failure 78, or that of a damaged cache if it lies in there."""
    try:
        yield
    except pack.UnsafeMember as error:
        if isinstance(error, pack.ChangedFile) and cache.holds(error.source):
            raise cache.damaged(error.source) from error
        raise Failure(SETTINGS, f"cannot be packed: {error}; project/.bundleignore leaves out what it names") from error


def checked_contents(settings: Settings, version: str, target: Target, ingredients: Ingredients) -> Contents:
    """Return what goes in, with its SBOM; Failure 78 if it does not fit."""
    release = f"{settings.app_name}-v{version}"
    wheels = [ingredients.wheels, ingredients.supervisor]
    bill = sbom.made(inventory.collect(settings, version, target, ingredients.interpreter, wheels))
    content = contents.of(release, target, ingredients, bill)
    check.static_directory(settings, release, content.members)
    check.glibc(target, ingredients.interpreter, content.floor)
    return content


def sums_of(head: list[pack.Member]) -> pack.Member:
    return next(member for member in head if member.path.endswith("/SHA256SUMS"))


def publish_whole(path: Path, head: list[pack.Member], content: Contents) -> bool:
    """Put the whole bundle into dist/, and tell whether it is new: a new one outdates the other forms of the old."""
    is_new = publication.publish(path, [head, *content.layers], sums_of(head))
    if is_new:
        publication.remove_other_forms(path)
        delta.keep(head)
    return is_new


def publish_forms(
    path: Path, head: list[pack.Member], content: Contents, target: Target, older: Optional[Head]
) -> list[Path]:
    """Put the forms that are wanted beside the whole bundle, path: the small one, a delta; return their paths."""
    forms: dict[Path, list[list[pack.Member]]] = {}
    if small.is_wanted():
        interpreter, *rest = content.layers
        forms[small.path_of(path)] = [head, small.without_bytecode(interpreter, target.python), *rest]
    if older:
        forms[delta.path_of(path, older)] = delta.parts(older, head, content.members)
    for form, parts in forms.items():
        publication.publish(form, parts, sums_of(head))
    return list(forms)


def glibc_text(floor: versions.Floor) -> str:
    """Return the glibc that is needed; 0.0 if no file needs any."""
    return ".".join(map(str, floor.glibc or (0, 0)))


def description(
    settings: Settings,
    version: str,
    target: Target,
    ingredients: Ingredients,
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
        "PYTHON_ABI": ingredients.interpreter.abi,
        "PYTHON_DIR": content.layers[0][0].path,
        "INTERPRETER": modes.of_target(target),
        **({"COMPILING_NEEDS": box_python.needs(target)} if modes.of_target(target) == modes.SOURCE else {}),
        "GLIBC": glibc_text(content.floor),
        "GLIBC_FILE": content.floor.path.encode("ascii", "backslashreplace").decode(),
        **provenance.of(ingredients.engine, target),
        **settings.for_the_box(),
        **({"SERVICE": "none"} if KIT else {}),
    }
