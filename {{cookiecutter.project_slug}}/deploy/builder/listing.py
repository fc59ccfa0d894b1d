"""make targets: what each row of targets.json would be built with, and what of it the cache has."""

from builder import choice, docker_engine, interpreter, modes, pairs
from builder.output import Failure, result
from builder.targets import Target

TITLES = ("target", "base image", "glibc", "engine", "Python", "interpreter", "image cached", "Python cached")


def engine_of(target: Target, answers: bool) -> str:
    """Return the engine that would build a target; "" if none could."""
    wanted = choice.wanted(target)
    engine = ("docker" if answers else "host") if wanted == "auto" else wanted
    return engine if choice.fits(engine, target) and (answers or engine == "host") else ""


def cached(target: Target, engine_name: str) -> tuple[str, str]:
    """Return whether the image and the interpreter of a target are there: yes, no, or a question mark."""
    if not engine_name:
        return ("?", "?")
    engine = choice.make(engine_name, target)
    if not engine.is_cached():
        return ("no", "no")
    return ("yes", "yes" if interpreter.is_cached(engine, target) else "no")


def row(target: Target, answers: bool) -> tuple[str, ...]:
    """Return what is shown of a target; Failure says why it cannot be built."""
    system = pairs.system_of(target)
    engine = engine_of(target, answers)
    return (
        target.name,
        system.image,
        system.glibc,
        engine or "none here",
        target.python,
        modes.of_target(target),
        *cached(target, engine),
    )


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in rows]


def show(targets: list[Target]) -> None:
    """Print the table, and below it the targets that cannot be built, with the reason."""
    answers = docker_engine.server_version() is not None
    rows, refused = [TITLES], []
    for target in targets:
        try:
            rows.append(row(target, answers))
        except Failure as failure:
            refused.append(f"refused: {failure}")
    for line in [*aligned(rows), *refused]:
        result(line)
