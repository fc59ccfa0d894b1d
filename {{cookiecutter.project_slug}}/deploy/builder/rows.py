"""Several targets: each is built by a process of its own, so that the failure of one stops no other."""

import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Callable, NamedTuple

from builder.output import USAGE, Failure, result
from builder.settings import DEPLOY
from builder.targets import Target

# GNU make tells its jobs to what it starts: "… -j2 --jobserver-auth=3,4"; of 3.81 (macOS) the number cannot be had.
MAKES_JOBS = re.compile(r"(?:^| )-j ?([0-9]*)(?= |$)")


class Result(NamedTuple):
    """What became of a target: the exit code of its build."""

    target: Target
    code: int


def jobs() -> int:
    """Return how many targets are built at once: JOBS, else make's -j; Failure 64 if JOBS is not a number."""
    wanted = os.environ.get("JOBS", "")
    if wanted:
        if not re.fullmatch(r"[1-9][0-9]{0,2}", wanted):
            raise Failure(USAGE, f"JOBS must be a number from 1 to 999, not {wanted!r}")
        return int(wanted)
    match = MAKES_JOBS.search(os.environ.get("MAKEFLAGS", ""))
    return int(match[1] or os.cpu_count() or 1) if match else 1


def copy_lines(source: IO[str], destination: IO[str], prefix: str) -> None:
    for line in source:
        destination.write(f"{prefix}{line}")
        destination.flush()


@contextmanager
def prefixed(process: subprocess.Popen, prefix: str):
    """Within, what the process writes is shown line by line with a prefix."""
    pairs = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
    readers = [threading.Thread(target=copy_lines, args=(*pair, prefix)) for pair in pairs]
    for reader in readers:
        reader.start()
    yield
    for reader in readers:
        reader.join()


class Builds:
    """The processes that run; ending them leaves nothing half-made, as each cleans up after itself."""

    def __init__(self, arguments: list[str], parallel: bool) -> None:
        self.arguments, self.parallel = arguments, parallel
        self.running: set[subprocess.Popen] = set()
        self.ended = False
        self.lock = threading.Lock()

    def start(self, target: Target) -> subprocess.Popen:
        command = [
            sys.executable,
            "-X",
            f"pycache_prefix={sys.pycache_prefix}",
            str(DEPLOY / "builder"),
            *self.arguments,
        ]
        pipe = subprocess.PIPE if self.parallel else None
        with self.lock:
            if self.ended:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                command,
                env={**os.environ, "TARGET": target.name},
                stdout=pipe,
                stderr=pipe,
                text=True,
                errors="replace",
            )
            self.running.add(process)
        return process

    def build(self, target: Target) -> Result:
        process = self.start(target)
        if self.parallel:
            with prefixed(process, f"{target.name}: "):
                code = process.wait()
        else:
            code = process.wait()
        with self.lock:
            self.running.discard(process)
        return Result(target, code)

    def end(self) -> None:
        with self.lock:
            self.ended = True
            for process in self.running:
                process.terminate()


def build_all(arguments: list[str], targets: list[Target], at_once: int) -> list[Result]:
    """Run the builder with these arguments for each target, so many at once, and return what became of each."""
    builds = Builds(arguments, at_once > 1)
    with ThreadPoolExecutor(at_once) as pool:
        try:
            return list(pool.map(builds.build, targets))
        except BaseException:
            builds.end()
            raise


def summarize(results: list[Result], built: Callable[[Target], str]) -> None:
    """Tell what became of each target; Failure with the code of the first that failed."""
    result("==> summary")
    for target, code in results:
        result(f"    {target.name}: {f'failed ({code})' if code else built(target)}")
    failed = [result for result in results if result.code]
    if failed:
        names = ", ".join(result.target.name for result in failed)
        raise Failure(failed[0].code, f"{len(failed)} of {len(results)} targets failed: {names}; see above")
