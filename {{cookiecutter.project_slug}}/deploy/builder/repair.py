"""Makes a compiled wheel whole: libraries that it is linked with, and not every system has, go into it (auditwheel)."""

import os
from pathlib import Path

import pack
from builder import tools
from builder.engine import Engine, Job, Mount, run
from builder.interpreter import Interpreter
from builder.output import INTERNAL, detail
from builder.process import failure, log_file, run_logged
from builder.settings import WHEELS
from builder.targets import Target

COLLECT = Job("collect-libraries.sh", "collecting the libraries that compiled wheels are linked with", INTERNAL)
TOOLS = WHEELS / "repair-tools.txt"


def collect(engine: Engine, target: Target, interpreter: Interpreter, compiled: Path, work: Path) -> Path:
    """Return the directory with the libraries that the wheels of compiled need, as the target's linker finds them."""
    unpacked, libraries = work / "unpacked", work / "libraries"
    for directory in (unpacked, libraries):
        directory.mkdir()
    mounts = [Mount("FULL", interpreter.full), Mount("WHEELS", compiled)]
    mounts += [Mount("WORK", unpacked, writable=True), Mount("OUTPUT", libraries, writable=True)]
    run(engine, COLLECT, {"SERIES": target.python_series}, mounts)
    return libraries


def repair(engine: Engine, target: Target, interpreter: Interpreter, compiled: Path, work: Path, output: Path) -> None:
    """Write the wheel of the directory compiled to output, whole; work is an empty directory.

    The tag stays linux_ARCH, which every pip takes: those before 20.3 know no manylinux_2_31 (PEP 600). What glibc the
    wheel needs is measured anyway.
    """
    (wheel,) = compiled.glob("*.whl")
    libraries = collect(engine, target, interpreter, compiled, work)
    programs = tools.environment(TOOLS, "auditwheel") / "bin"
    detail(f"auditwheel: {wheel.name}")
    # With --ldpaths auditwheel looks into no library directory of this machine.
    command = [str(programs / "auditwheel"), "repair", "--no-update-tags", "--disable-isa-ext-check"]
    command += ["--ldpaths", str(libraries), "--wheel-dir", str(output), str(wheel)]
    log = log_file(f"auditwheel-{wheel.stem}")
    path = f"{programs}:{os.environ.get('PATH', os.defpath)}"
    if run_logged(command, {**os.environ, "PATH": path, "SOURCE_DATE_EPOCH": str(pack.MTIME)}, log):
        raise failure(INTERNAL, f"auditwheel cannot repair {wheel.name}", engine.system, log)
