"""What this machine must be for a target to be built on it, found out before anything is built."""

import os
import platform
import resource
import shutil
from pathlib import Path

from builder import cache, docker_engine, systems
from builder.output import SETTINGS, Failure
from builder.targets import Target

PROC = Path("/proc")
# Flags of /proc/cpuinfo that tell the levels of the x86-64 psABI; pni is SSE3, abm stands for lzcnt.
CPU_LEVELS = {
    "x86-64-v2": "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3",
    "x86-64-v3": "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave",
}
# Compiling takes 600 MB, the tree that it makes 350 MB, the trimmed one 40 MB, and its copy for the test as much.
CACHE_BYTES = 1_200_000_000
VSYSCALL = (
    "every program of {system} would end with status 139, as this kernel has no vsyscall page; start this machine with "
    "vsyscall=emulate on the kernel's command line; on WSL2: [wsl2] kernelCommandLine = vsyscall=emulate in .wslconfig"
)


def is_engine_host() -> bool:
    """Tell whether containers run on this machine's own kernel, as far as can be told from here."""
    return platform.system() == "Linux" and os.environ.get("DOCKER_HOST", "unix:").startswith("unix:")


def has_vsyscall() -> bool:
    """Tell whether the kernel maps the vsyscall page, which glibc before 2.14 calls [sig-cloud-instance-images#62]."""
    return "[vsyscall]" in (PROC / "self/maps").read_text(encoding="utf-8", errors="replace")


def missing_cpu_flags(level: str) -> list[str]:
    """Return the flags that this machine's CPU lacks for a level of x86-64."""
    lines = (PROC / "cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return sorted(set(CPU_LEVELS[level].split()) - set(flags))


def container_problems(target: Target) -> list[str]:
    """Return what keeps containers of the target's system from running on this machine."""
    row, system = systems.row_of(target), f"{target.os} {target.version}"
    problems = []
    if row.get("vsyscall") and not has_vsyscall():
        problems.append(VSYSCALL.format(system=system))
    if row.get("cpu") and target.arch == "x86_64" and missing_cpu_flags(row["cpu"]):
        lacking = " ".join(missing_cpu_flags(row["cpu"]))
        problems.append(
            f"{system} needs a CPU of level {row['cpu']}, and this one lacks {lacking}; build on a newer machine"
        )
    return problems


def open_files_problem() -> str:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = docker_engine.MOST_OPEN_FILES
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        return ""
    mend = f"raise it: ulimit -Hn {wanted}, or in limits.conf(5)"
    return f"a container may open {wanted} files here, and this session only {hard}; {mend}"


def cache_problem() -> str:
    directory = cache.directory("logs").parent
    free = shutil.disk_usage(directory).free
    if free >= CACHE_BYTES:
        return ""
    wanted = f"{CACHE_BYTES / 1e9:.1f} GB free below {directory}, and there are {free / 1e9:.1f}"
    return f"compiling needs {wanted}; make room, or set XDG_CACHE_HOME to a larger disk"


def check(engine: str, targets: list[Target]) -> None:
    """Raise Failure 78 that names all that keeps this machine from building the targets."""
    problems = {cache_problem(): None}
    if engine == "docker" and is_engine_host():
        problems[open_files_problem()] = None
        for target in targets:
            problems.update(dict.fromkeys(container_problems(target)))
    problems.pop("", None)
    if problems:
        raise Failure(SETTINGS, "this machine cannot build it:" + "".join(f"\n    {problem}" for problem in problems))
