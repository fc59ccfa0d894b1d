"""What must hold before a bundle is packed: wheels and compiled files fit, and none is missing."""

from pathlib import Path

import versions
import wheel_tags
from builder.interpreter import Interpreter
from builder.output import SETTINGS, Failure
from builder.targets import Target


def failure(target: Target, problems: list[str]) -> Failure:
    return Failure(SETTINGS, f"{target.name}:" + "".join(f"\n    {problem}" for problem in problems))


def interpreter(target: Target, python: Interpreter) -> None:
    """See that the interpreter that was built is the target's; Failure 78."""
    numbers = versions.numbers(target.python)
    problems = versions.interpreter_problems(python.description, numbers, wheel_tags.usual_abi(numbers))
    if problems:
        raise failure(target, problems)


def wheels(target: Target, interpreter: Interpreter, directory: Path, pinned: dict[str, str]) -> int:
    """Return the number of wheels; Failure 78 names those that do not fit, and those that are missing."""
    python, glibc = versions.numbers(target.python), versions.numbers(interpreter.glibc)
    problems = wheel_tags.directory_problems(directory, python, interpreter.abi, target.arch, glibc)
    problems += wheel_tags.missing_wheels(directory, pinned)
    if problems:
        raise failure(target, problems)
    return len(list(directory.glob("*.whl")))


def glibc(target: Target, interpreter: Interpreter, floor: versions.Floor) -> None:
    """See that the target's glibc is not older than what a bundle needs; Failure 78."""
    if floor.glibc > versions.numbers(interpreter.glibc):
        needed = ".".join(map(str, floor.glibc))
        problem = f"{floor.path} needs glibc {needed}, and {target.os} {target.version} has {interpreter.glibc}"
        raise failure(target, [problem])
