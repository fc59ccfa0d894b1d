"""What this machine lacks is told before anything is built, with the mend in the message."""

import shutil
from types import SimpleNamespace

import pytest

import building

docker_engine = building.part("builder.docker_engine")
machine = building.part("builder.machine")
output = building.part("builder.output")
targets = building.part("builder.targets")

WITH, WITHOUT = (
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n",
    "7ffc0000-7ffd0000 r-xp [vdso]\n",
)
V3 = "fpu cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """A /proc that says what a test wants; this machine has room and may open enough files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(machine, "PROC", tmp_path)
    monkeypatch.setattr(machine.platform, "system", lambda: "Linux")
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _which: (1024, 1048576))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**10))
    (tmp_path / "self").mkdir()

    def write(maps=WITH, flags=V3):
        (tmp_path / "self/maps").write_text(maps)
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")

    write()
    return write


def target(name, version, arch="x86_64"):
    return targets.Target(name, version, arch, "3.11.2")


def problems(*rows, engine="docker"):
    try:
        machine.check(engine, list(rows))
    except output.Failure as failure:
        assert failure.code == 78
        return str(failure).splitlines()[1:]
    return []


def test_a_machine_that_can_is_not_bothered(proc):
    assert problems(target("centos", "5"), target("centos", "10"), target("debian", "12")) == []


@pytest.mark.parametrize("version", ["5", "5.11", "6"])
def test_old_centos_needs_vsyscall(proc, version):
    proc(maps=WITHOUT)
    (problem,) = problems(target("centos", version), target("centos", "7"))
    assert f"every program of centos {version} would end with status 139" in problem
    assert "vsyscall=emulate" in problem and "kernelCommandLine = vsyscall=emulate in .wslconfig" in problem


@pytest.mark.parametrize(
    "system, flags, lacking",
    [
        (("centos", "9"), V3, ""),
        (("almalinux", "10"), V3, ""),
        (("rocky", "9"), V3.replace("sse4_2", ""), "x86-64-v2, and this one lacks sse4_2"),
        (("rocky", "9"), V3.replace("avx2", ""), ""),
        (("centos", "10"), V3.replace("avx2", "").replace("bmi1", ""), "x86-64-v3, and this one lacks avx2 bmi1"),
        (("centos", "8"), "fpu", ""),
    ],
)
def test_new_systems_need_a_cpu_of_their_level(proc, system, flags, lacking):
    proc(flags=flags)
    found = problems(target(*system))
    assert [lacking in problem for problem in found] == ([True] if lacking else [])


def test_another_arch_has_no_such_levels(proc):
    proc(flags="fpu")
    assert problems(target("rocky", "9", "aarch64")) == []


def test_too_few_open_files_and_a_full_disk_are_named_together(proc, monkeypatch, tmp_path):
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _which: (256, 1024))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**8))
    disk, files = problems(target("debian", "12"))
    assert f"1.2 GB free below {tmp_path}/cache/offline-flask, and there are 0.1" in disk
    assert "set XDG_CACHE_HOME to a larger disk" in disk
    assert "this session only 1024; raise it: ulimit -Hn 4096" in files


@pytest.mark.parametrize("change", ["engine", "elsewhere", "macos"])
def test_only_a_container_on_this_kernel_is_judged_by_it(proc, monkeypatch, change):
    proc(maps=WITHOUT, flags="fpu")
    if change == "elsewhere":
        monkeypatch.setenv("DOCKER_HOST", "tcp://builder.example:2376")
    if change == "macos":
        monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
    rows = (target("centos", "5"), target("centos", "10"))
    assert problems(*rows, engine="host" if change == "engine" else "docker") == []


def test_this_machine_s_own_proc_is_understood():
    assert isinstance(machine.has_vsyscall(), bool)
    assert set(machine.missing_cpu_flags("x86-64-v2")) <= set(machine.missing_cpu_flags("x86-64-v3"))
