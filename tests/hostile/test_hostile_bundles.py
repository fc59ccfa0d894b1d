"""The corpus of hostile bundles, arguments and environments, tried on setup.sh as root and as the account.

Whatever comes, setup.sh ends with one of its own exit codes and one message, writes nothing outside of BASE, leaves
nothing of what it refused, and what it accepts is exactly what SHA256SUMS and MANIFEST say.
"""

import gzip
import os
import stat
import subprocess

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import archives
import building
import texts
from cell import USERNAME, open_cell
from handmade import Bundle, sha256

manifest = building.release_part("manifest")
output = building.release_part("output")

SHELLS = [("/bin/dash",), ("/bin/bash", "--posix"), ("/bin/busybox", "sh")]
ways = st.tuples(st.booleans(), st.sampled_from(SHELLS))
GOOD = archives.archive(archives.entries_of(Bundle().members()))
STATE = {"state/mode", "state/username", "state/lock", "state/lock.holder", "state/bundles/app-v1.tar.gz.sha256"}
COMPLETE, SOME = pytest.param(500, marks=pytest.mark.full), 30
corpus = pytest.mark.parametrize("cases", [SOME, COMPLETE])


@pytest.fixture(scope="module")
def cell():
    with open_cell() as cell:
        yield cell


def each(cases, **strategies):
    """Try a function on so many cases, the same ones each time where they are few."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    options = {"deadline": None, "derandomize": cases == SOME, "suppress_health_check": checks}
    chosen = hypothesis_settings(max_examples=cases, **options)
    return lambda function: chosen(given(**strategies)(function))()


def bring(cell, packed, sidecar=True):
    """Lay a tarball, and the sidecar that its maker would write, into the cell."""
    cell.clear()
    tarball = cell.inbox / "app-v1.tar.gz"
    tarball.write_bytes(packed)
    if sidecar:
        Bundle().write_sidecar(tarball, Bundle().members()["app-v1/SHA256SUMS"])


def pack(data):
    return gzip.compress(data, 1, mtime=0)


def install(cell, way, arguments=("1", USERNAME), environment=None):
    root, shell = way
    result = cell.run(*shell, "setup.sh", *arguments, root=root, environment=environment)
    judge(cell, root, result)
    return result.returncode


def judge(cell, root, result):
    base = cell.opt / "app" if root else cell.home / USERNAME
    said = result.stderr.decode("utf-8", "replace")
    assert result.returncode in (0, 64, 65, 69, 73, 75, 78), (result.returncode, said)
    assert cell.written_elsewhere() == []
    assert {path.name for path in cell.opt.iterdir()} <= {"app"}
    assert {path.name for path in cell.home.iterdir()} == {USERNAME}
    if result.returncode:
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, said
        assert not set(said) & set(map(chr, [*range(9), *range(11, 32), 127])), said
        assert root is False or not (cell.opt / "app").exists()
        assert root or list(base.iterdir()) == []
    else:
        assert b"handed over: " in result.stdout
        is_as_listed(base)


def is_as_listed(base):
    """What setup.sh accepted has the listed files with the listed content, and nothing that gives rights away."""
    found = {os.path.relpath(os.path.join(top, name), base) for top, _, names in os.walk(base) for name in names}
    sums = dict(reversed(line.split("  ", 1)) for line in (base / "app-v1/SHA256SUMS").read_text().splitlines())
    links = {path for path in found if (base / path).is_symlink()}
    assert found - STATE - {"app-v1/SHA256SUMS"} - links == set(sums)
    assert all(sha256((base / path).read_bytes()) == digest for path, digest in sums.items())
    for top, directories, names in os.walk(base):
        modes = [os.lstat(os.path.join(top, name)).st_mode for name in directories + names]
        assert all(stat.S_ISLNK(mode) or not mode & 0o7022 for mode in modes)
    for path in links:
        assert (base / path).resolve().is_relative_to(base.resolve())
    try:
        manifest.check(type("Release", (), {"path": str(base / "app-v1")}), str(base))
    except output.Failure as failure:
        assert failure.status == output.BAD_BUNDLE


def test_the_cell_shows_what_is_written_elsewhere():
    """Else the other tests would show nothing."""
    with open_cell() as cell:
        assert cell.run("touch", "/pwned", root=False).returncode != 0
        assert cell.written_elsewhere() == []
        assert cell.run("touch", "/pwned", "/etc/group", root=True).returncode == 0
        assert set(cell.written_elsewhere()) == {"pwned", "etc", "etc/group"}


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize("root", [True, False])
def test_the_good_bundle_is_accepted(cell, root, shell):
    bring(cell, pack(GOOD))
    assert install(cell, (root, shell)) == 0


@corpus
def test_bytes_of_the_tarball(cell, cases):
    """With the sidecar of the good one, every change is found; without it, every change that matters is."""

    @each(cases, way=ways, packed=archives.damaged(pack(GOOD)), sidecar=st.booleans())
    def test(way, packed, sidecar):
        bring(cell, pack(GOOD))
        (cell.inbox / "app-v1.tar.gz").write_bytes(packed)
        if not sidecar:
            (cell.inbox / "app-v1.tar.gz.sha256").unlink()
        status = install(cell, way)
        assert not sidecar or packed == pack(GOOD) or status == 65


ARCHIVES = {
    "damaged headers": archives.damaged_archives(),
    "hostile members": archives.with_hostile_entries(),
    "changed members": archives.with_changed_entry(),
    "BUNDLE": texts.with_hostile_head(),
    "lists": texts.with_hostile_lists(),
}


@corpus
@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives(cell, kind, cases):
    """Their maker has no key, but may write the sidecar that fits."""

    @each(cases, way=ways, data=ARCHIVES[kind], sidecar=st.booleans())
    def test(way, data, sidecar):
        bring(cell, pack(data), sidecar)
        install(cell, way)


@corpus
def test_arguments(cell, cases):
    bring(cell, pack(GOOD))

    @each(cases, way=ways, arguments=texts.arguments)
    def test(way, arguments):
        install(cell, way, arguments)
        clear_base(cell)


@corpus
def test_settings(cell, cases):
    bring(cell, pack(GOOD))

    @each(cases, way=ways, settings=texts.settings)
    def test(way, settings):
        assert install(cell, way, ("1", USERNAME, *settings)) in (0, 64, 78)
        clear_base(cell)


@corpus
def test_environments(cell, cases):
    bring(cell, pack(GOOD))

    @each(cases, way=ways, environment=texts.environments)
    def test(way, environment):
        if way[0]:
            assert install(cell, way, environment=environment) == 0
        else:
            assert install(cell, way, environment={**environment, "HOME": f"/home/{USERNAME}"}) == 0
        clear_base(cell)


def clear_base(cell):
    subprocess.run(["rm", "-rf", cell.opt / "app"], check=True)
    subprocess.run(["find", cell.home / USERNAME, "-mindepth", "1", "-delete"], check=True)
