"""Wheels of source distributions: built one by one without a network, made whole, and kept in the cache."""

import shutil
import tempfile
from pathlib import Path

import pack
from builder import cache, repair, trees
from builder.engine import Engine, Job, Mount, run
from builder.interpreter import Interpreter
from builder.output import INTERNAL, detail
from builder.settings import WHEELS
from builder.targets import Target

BUILD = Job("build-wheel.sh", "building a wheel", INTERNAL)
INPUTS = [WHEELS / name for name in (BUILD.script, repair.COLLECT.script, repair.TOOLS.name)]


def build(engine: Engine, target: Target, interpreter: Interpreter, source: Path, requirements: Path) -> Path:
    """Return the wheel of a source distribution; requirements is the directory with what building it needs."""

    def make(entry: Path) -> None:
        detail(f"building {source.name}")
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".build-") as directory:
            compiled = Path(directory) / "compiled"
            compiled.mkdir()
            compile_wheel(engine, target, interpreter, source, requirements, compiled)
            finish(engine, target, interpreter, compiled, Path(directory), entry)

    needed = sorted(trees.of(requirements).digests.items())
    contents = [trees.of(source.parent).digests[source.name], cache.key(needed)]
    key = cache.key(source.name, contents, interpreter.key, engine.identity(), cache.files_key(INPUTS))
    (wheel,) = cache.entry("wheels", f"compiled-{key}", make).glob("*.whl")
    return wheel


def compile_wheel(
    engine: Engine, target: Target, interpreter: Interpreter, source: Path, requirements: Path, output: Path
) -> None:
    mounts = [Mount("FULL", interpreter.full), Mount("SOURCES", source.parent)]
    mounts += [Mount("BUILD_REQUIREMENTS", requirements), Mount("OUTPUT", output, writable=True)]
    environment = {"SERIES": target.python_series, "SOURCE": source.name, "MTIME": str(pack.MTIME)}
    run(engine, BUILD._replace(what=f"building a wheel of {source.name}"), environment, mounts)


def finish(engine: Engine, target: Target, interpreter: Interpreter, compiled: Path, work: Path, output: Path) -> None:
    """Put the one wheel of compiled into output; what is not pure Python is made whole."""
    (wheel,) = compiled.glob("*.whl")
    if wheel.name.endswith("-any.whl"):
        shutil.copy(wheel, output)
    else:
        repair.repair(engine, target, interpreter, compiled, work, output)
    for made in output.glob("*.whl"):
        made.chmod(0o644)
