"""One row of targets.json: its engine, its interpreter, its wheels, and the bundle made of them."""

from pathlib import Path
from typing import Optional

from builder import build_packages, bundle, check, choice, delta, inspection, interpreter, lock, modes, signing, wheels
from builder.bundle import Bundle
from builder.contents import Ingredients
from builder.engine import Engine
from builder.interpreter import Interpreter
from builder.output import Steps, detail, result, say
from builder.settings import LOCKS, PROJECT, Settings
from builder.targets import Target


def prepared_engine(name: str, target: Target) -> Engine:
    engine = choice.make(name, target)
    engine.prepare()
    return engine


def build(configuration: Settings, version: str, target: Target, engine_name: str, into: Optional[Path] = None) -> None:
    """Build a version for a target into dist/, or another directory, and tell what came of it."""
    steps = Steps()
    say(f"==> {configuration.app_name}-v{version} for {target.name}")
    since = delta.wanted(version)
    older = delta.base(bundle.path_of(configuration, version, target), since) if since else None
    ingredients = prepared_ingredients(steps, configuration, target, engine_name)
    with steps.step("tarball"):
        built = bundle.build(configuration, version, target, ingredients, older, into)
    tell(built, target, ingredients)
    detail(steps.summary())


def prepared_ingredients(steps: Steps, configuration: Settings, target: Target, engine_name: str) -> Ingredients:
    with steps.step("operating system"):
        engine = prepared_engine(engine_name, target)
    with steps.step("interpreter"):
        python = interpreter.build(engine, target)
        check.interpreter(target, python)
    with steps.step("wheels"):
        directory = built_wheels(configuration, engine, target, python)
        supervisor = wheels.fetch_supervisor(engine, target, python)
    return Ingredients(engine, python, directory, supervisor)


def built_wheels(configuration: Settings, engine: Engine, target: Target, python: Interpreter) -> Path:
    """Return the directory of the locked wheels, all of them checked."""
    workshop = build_packages.workshop(engine, target)
    lock_if_missing(workshop, target, python)
    pinned = lock.check(target)
    directory = wheels.build(workshop, target, python)
    check.wheels(target, python, directory, pinned)
    check.modules(configuration, directory)
    return directory


def lock_if_missing(engine: Engine, target: Target, python: Interpreter) -> None:
    """Make the lock, unless it is there or another row of this Python makes it at the same time."""
    path = lock.path_for(target)
    with lock.alone(target):
        if not path.exists():
            detail(f"there is no {LOCKS}/{path.name} yet: making it")
            wheels.make_lock(engine, target, python)


def tell(built: Bundle, target: Target, ingredients: Ingredients) -> None:
    """Print the summary of a bundle."""
    path = built.path.relative_to(PROJECT)
    result(f"==> nothing has changed: {path} is as it was" if built.was_there else f"==> built {path}")
    if built.replaces_another:
        detail("in place of one with other content: a box that has that one refuses this; give it a VERSION of its own")
    for form in built.forms:
        detail(f"and {form.relative_to(PROJECT)}, {inspection.size(form.stat().st_size)}")
    if signing.key():
        detail(f"each .sha256 signed by {signing.key()}: a .sha256.sig beside it")
    count = sum(1 for _ in ingredients.wheels.glob("*.whl"))
    size = built.path.stat().st_size / 1e6
    detail(f"target {target.name}, engine {ingredients.engine.name}, {size:.1f} MB, {count} wheels")
    if built.floor.path:
        detail(f"needs glibc {bundle.glibc_text(built.floor)} or newer, because of {built.floor.path}")
    if modes.of_target(target) in modes.REQUESTS:
        detail(modes.REQUESTS[modes.of_target(target)].format(python=target.python_series))
