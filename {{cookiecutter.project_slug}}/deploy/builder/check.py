"""What must hold before a bundle is packed: wheels and compiled files fit, and none is missing."""

from pathlib import Path

import versions
from builder import lock
from builder.interpreter import Interpreter
from builder.output import SETTINGS, Failure
from builder.targets import Target
from pack import FILE, Member


def failure(target: Target, problems: list[str]) -> Failure:
    return Failure(SETTINGS, f"{target.name}:" + "".join(f"\n    {problem}" for problem in problems))


def wheels(target: Target, interpreter: Interpreter, directory: Path, pinned: dict[str, str]) -> int:
    """Return the number of wheels; Failure 78 names those that do not fit, and those that are missing."""
    python, glibc = versions.numbers(target.python), versions.numbers(interpreter.glibc)
    problems = versions.directory_problems(directory, python, target.arch, glibc)
    names = [versions.parse_wheel_name(path.name) for path in directory.glob("*.whl")]
    present = {lock.canonical(wheel.name): wheel.version for wheel in names}
    missing = sorted(set(pinned) - set(present))
    problems += [f"{name}=={pinned[name]} of the lock has no wheel" for name in missing]
    if problems:
        raise failure(target, problems)
    return len(names)


def glibc_floor(target: Target, interpreter: Interpreter, members: list[Member]) -> versions.Floor:
    """Return the glibc that the members need at least; Failure 78 if the target's is older."""
    files = ((member.path, member.source) for member in members if member.kind == FILE and member.source)
    floor = versions.floor(files)
    if floor.glibc > versions.numbers(interpreter.glibc):
        needed = ".".join(map(str, floor.glibc))
        problem = f"{floor.path} needs glibc {needed}, and {target.os} {target.version} has {interpreter.glibc}"
        raise failure(target, [problem])
    return floor
