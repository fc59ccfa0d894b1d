"""The builder's commands: tarball VERSION, reproduce VERSION, lock, targets, doctor, inspect VERSION, diff A B."""

import os
import signal
import sys
import traceback
from typing import Callable

import versions
from builder import (
    build_packages,
    choice,
    comparison,
    delta,
    doctor,
    inspection,
    interpreter,
    listing,
    lock,
    machine,
    modes,
    pairs,
    reading,
    reproduction,
    requirements,
    row,
    rows,
    settings,
    signing,
    small,
    targets,
    wheels,
)
from builder.output import INTERNAL, SETTINGS, USAGE, WRITE_FAILED, Failure, detail, say
from builder.settings import DEPLOY, KIT
from builder.targets import Target

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
# What a shell reports of a program that SIGINT or SIGPIPE ended.
INTERRUPTED, READER_IS_GONE = 130, 141


def chosen_targets() -> list[Target]:
    return targets.matching(targets.read(DEPLOY / "targets.json"), os.environ.get("TARGET", ""))


def check_kit(wanted: list[Target]) -> None:
    """Raise Failure 78 if the kit is wanted for a Python that its tools do not run on."""
    old = [target.name for target in wanted if tuple(map(int, target.python.split(".")[:2])) < (3, 9)]
    if KIT and old:
        raise Failure(SETTINGS, f"the tools need Python 3.9 or newer; choose another TARGET than {', '.join(old)}")


def planned() -> dict[Target, str]:
    """Return the chosen targets that can be built, each with its engine; Failure tells what stands in the way."""
    wanted = chosen_targets()
    check_kit(wanted)
    pairs.check([target for target in wanted if modes.is_compiled(target)])
    say("==> engine")
    plan = choice.plan(wanted)
    for engine in dict.fromkeys(plan.values()):
        machine.check(engine, [target for target in plan if plan[target] == engine])
    return plan


def tarball(version: str) -> None:
    """Build a version for every chosen target."""
    if not versions.is_version(version):
        pattern = versions.VERSION_PATTERN.pattern
        raise Failure(USAGE, f"VERSION must match {pattern}, not {version!r}; for example: VERSION=20180119")
    configuration, at_once = settings.read(), rows.jobs()
    delta.wanted(version)
    small.is_wanted()
    settings.tell_overridden()
    signing.check_key()
    modes.ask_if_open(chosen_targets())
    plan = planned()
    if len(plan) == 1:
        ((target, engine),) = plan.items()
        row.build(configuration, version, target, engine)
    else:
        results = rows.build_all(["tarball", version], list(plan), at_once)
        name = f"{configuration.app_name}-v{version}.tar.gz"
        rows.summarize(results, lambda target: f"built dist/{target.name}/{name}")


def make_locks() -> None:
    """Make the lock of every Python among the chosen targets."""
    settings.tell_overridden()
    lock.source_digest(requirements.source())
    plan = planned()
    done: set[str] = set()
    for target in plan:
        say(f"==> lock for Python {target.python_series}, {target.name}")
        engine = row.prepared_engine(plan[target], target)
        python = interpreter.build(engine, target)
        former = lock.pinned(target)
        make = wheels.complete_lock if target.python_series in done else wheels.make_lock
        make(build_packages.workshop(engine, target), target, python)
        done.add(target.python_series)
        detail(f"wrote project/locks/{lock.path_for(target).name}")
        for line in comparison.changes(former, lock.pinned(target)) if former else ():
            detail(line)


def reproduce(version: str) -> None:
    settings.tell_overridden()
    reproduction.run(settings.read(), version, chosen_targets(), row.build)


def inspect(version: str) -> None:
    for (path,) in reading.bundles(version):
        inspection.show(path)


def diff(older: str, newer: str) -> None:
    for paths in reading.bundles(older, newer):
        comparison.show(*paths)


# What each does, how many arguments it takes, and how it is called.
COMMANDS: dict[str, tuple[Callable[..., None], int, str]] = {
    "tarball": (tarball, 1, "build_tarball.sh VERSION (make tarball VERSION=…)"),
    "reproduce": (reproduce, 1, "reproduce.sh VERSION (make reproduce VERSION=…)"),
    "lock": (make_locks, 0, "lock.sh (make lock)"),
    "targets": (lambda: listing.show(chosen_targets()), 0, "targets.sh (make targets)"),
    "doctor": (doctor.show, 0, "doctor.sh (make doctor)"),
    "inspect": (inspect, 1, "inspect.sh VERSION (make inspect VERSION=…)"),
    "diff": (diff, 2, "diff.sh A B (make diff A=… B=…)"),
}


def run(arguments: list[str]) -> None:
    name, values = "".join(arguments[:1]), arguments[1:]
    if name not in COMMANDS:
        raise Failure(USAGE, f"{name!r} is not something that the builder does; there are {', '.join(COMMANDS)}")
    function, count, usage = COMMANDS[name]
    if len(values) != count or not all(values):
        raise Failure(USAGE, f"usage: deploy/{usage}")
    function(*values)


def be_interrupted(_number: int, _frame: object) -> None:
    for number in INTERRUPTIONS:  # the first one is enough: a second must not stop the cleaning up
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def report(error: str, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code


def main(arguments: list[str]) -> int:
    """Run a command and return the exit code."""
    for number in INTERRUPTIONS:
        signal.signal(number, be_interrupted)
    os.umask(0o022)
    try:
        run(arguments)
    except Failure as failure:
        return report(str(failure), failure.code)
    except BrokenPipeError:  # make diff | head: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_IS_GONE
    except OSError as error:
        return report(f"{error.filename or 'a file'}: {error.strerror or error}", WRITE_FAILED)
    except KeyboardInterrupt:
        return report("interrupted; nothing half-made is left", INTERRUPTED)
    except Exception:
        traceback.print_exc()
        return report("this is a fault of the builder itself; please report it with the lines above", INTERNAL)
    return 0
