"""What of the project itself keeps it from being built, for make doctor."""

from collections.abc import Iterator

from builder import app_module, check, contents, lock, requirements, settings
from builder.finding import MISSING, NOTE, OK, Finding
from builder.output import Failure
from builder.targets import Target


def configuration() -> Iterator[Finding]:
    """config.env, and what the app needs in exact versions."""
    try:
        settings.read()
    except Failure as failure:
        yield Finding(MISSING, str(failure), "edit config.env, or unset what the environment has")
        return
    yield Finding(OK, "config.env")
    for name, (value, place) in settings.overridden().items():
        yield Finding(NOTE, f"{name}={value} is from {place}, and wins over config.env", f"unset {name}")
    yield from app()


def app() -> Iterator[Finding]:
    """What config.env names below project/, and names that project/ must not have. The build looks into wheels too."""
    chosen = settings.read()
    module, static = chosen.app_module.partition(":")[0], chosen.static_dir
    if not check.is_in_project(module):
        mend = "edit config.env, unless a package that the app needs brings it"
        yield Finding(NOTE, f"APP_MODULE: project/ has no module {module}", mend)
    if app_module.names_a_factory(chosen.app_module, settings.APP):
        what = f"APP_MODULE: {chosen.app_module} makes the app when it is called"
        yield Finding(MISSING, what, f"write {chosen.app_module}() in {settings.place_of('APP_MODULE')}")
    if static and not static.startswith("venv/") and not (settings.APP / static).is_dir():
        mend = "make it before make tarball, or edit config.env"
        yield Finding(NOTE, f"STATIC_DIR: there is no project/{static}", mend)
    if (settings.APP / ".env").is_file():
        mend = "a box has its settings in shared/app.env (docs/box.md), a rehearsal in ENV_FILE=project/.env"
        yield Finding(NOTE, "project/.env stays out of the bundle", mend)
    try:
        contents.check_reserved()
    except Failure as failure:
        yield Finding(MISSING, *str(failure).rsplit(": ", 1))


def locks(wanted: list[Target]) -> Iterator[Finding]:
    try:
        requirements.source()
    except Failure as failure:
        yield Finding(MISSING, str(failure), "docs/app.md, What the app needs, tells the ways")
        return
    for target in {target.python_series: target for target in wanted}.values():
        name = f"project/locks/{lock.path_for(target).name}"
        if not lock.path_for(target).is_file():
            yield Finding(NOTE, f"there is no {name}; make tarball makes it", "make lock, and commit it")
            continue
        try:
            lock.check(target)
            yield Finding(OK, name)
        except Failure as failure:
            yield Finding(MISSING, str(failure).removesuffix(": run `make lock`"), "make lock")
