"""What must hold before a bundle is packed: wheels and compiled files fit, and none is missing."""

import re
import zipfile
from pathlib import Path

import pack
import versions
import wheel_tags
from builder import app_module
from builder.interpreter import Interpreter
from builder.output import SETTINGS, Failure
from builder.settings import APP, Settings, place_of
from builder.targets import Target


def failure(target: Target, problems: list[str]) -> Failure:
    return Failure(SETTINGS, f"{target.name}:" + "".join(f"\n    {problem}" for problem in problems))


def interpreter(target: Target, python: Interpreter) -> None:
    """See that the interpreter that was built is the target's; Failure 78."""
    numbers = versions.numbers(target.python)
    problems = versions.interpreter_problems(python.description, numbers, wheel_tags.usual_abi(numbers))
    if problems:
        raise failure(target, problems)


def wheels(target: Target, interpreter: Interpreter, directory: Path, pinned: dict[str, str]) -> None:
    """See that all wheels fit and none is missing; Failure 78 names those that do not, and those that are."""
    python, glibc = versions.numbers(target.python), versions.numbers(interpreter.glibc)
    problems = wheel_tags.directory_problems(directory, python, interpreter.abi, target.arch, glibc)
    problems += wheel_tags.missing_wheels(directory, pinned)
    if problems:
        raise failure(target, problems)


def glibc(target: Target, interpreter: Interpreter, floor: versions.Floor) -> None:
    """See that the target's glibc is not older than what a bundle needs; Failure 78."""
    if floor.glibc > versions.numbers(interpreter.glibc):
        needed = ".".join(map(str, floor.glibc))
        problem = f"{floor.path} needs glibc {needed}, and {target.os} {target.version} has {interpreter.glibc}"
        raise failure(target, [problem])


def modules(settings: Settings, directory: Path) -> None:
    """See that APP_MODULE and WORKER_CLASS can be what they name, in project/ or in a wheel; Failure 78 if not."""
    app = settings.app_module.partition(":")[0]
    if not is_in_project(app) and not is_in_wheels(app, directory):
        hint = "; a package below src/ is installed by ./DIRECTORY in requirements.txt (docs/app.md)"
        advice = hint if (APP / "src").is_dir() else ""
        what = f"neither project/ nor any wheel has a module {app}{advice}"
        raise Failure(SETTINGS, f"{place_of('APP_MODULE')}: APP_MODULE: {what}")
    if app_module.names_a_factory(settings.app_module, APP):
        what = f"{settings.app_module} makes the app when it is called; write {settings.app_module}()"
        raise Failure(SETTINGS, f"{place_of('APP_MODULE')}: APP_MODULE: {what}")
    worker = settings.worker_class.rpartition(".")[0]
    if worker and not is_in_project(worker) and not is_in_wheels(worker, directory):
        advice = f"add {worker.partition('.')[0]} to what the app needs, run `make lock`"
        raise Failure(SETTINGS, f"{place_of('WORKER_CLASS')}: WORKER_CLASS: no wheel has a module {worker}: {advice}")


def is_in_project(module: str) -> bool:
    path = APP / module.replace(".", "/")
    return path.is_dir() or path.with_name(f"{path.name}.py").is_file() or any(path.parent.glob(f"{path.name}.*so"))


def is_in_wheels(module: str, directory: Path) -> bool:
    """Tell whether some wheel has a module, also in what it installs beside its top (PEP 427: .data/purelib/)."""
    path = re.escape(module.replace(".", "/"))
    file = re.compile(rf"(?:[^/]+\.data/(?:pure|plat)lib/)?{path}(?:\.py|(?:\.[^/]+)?\.so|/.*)")
    return any(file.fullmatch(name) for wheel in directory.glob("*.whl") for name in names_in(wheel))


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def static_directory(settings: Settings, release: str, members: list[pack.Member]) -> None:
    """See that the bundle holds STATIC_DIR; one in the virtual environment is made on the box. Failure 78."""
    path = settings.static_dir
    if path and not path.startswith("venv/") and f"{release}/{path}" not in {member.path for member in members}:
        what = f"there is no project/{path}, or .bundleignore leaves it out"
        raise Failure(SETTINGS, f"{place_of('STATIC_DIR')}: STATIC_DIR: {what}")
