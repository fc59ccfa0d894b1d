"""What is brought to setup.sh in a cell, what the box has before, and what must hold afterwards, whatever it was."""

import os
import stat

import building
from cell import GROUP, USER, USERNAME
from handmade import sha256

layout = building.release_part("layout")
manifest = building.release_part("manifest")
output = building.release_part("output")
static_files = building.release_part("static_files")

QUESTIONS = [[question] for question in ("--check", "--help", "-h")]
STATUSES = (0, 64, 65, 69, 73, 75, 78)
RELEASE = "app-v1"
# What setup.sh itself keeps in BASE.
OWN = {"state", "state/lock", "state/lock.holder", "state/mode", "state/username"}
KEPT = ("state/complete", "state/good", "state/bad", "state/bundles")


def base_of(cell, root):
    return cell.opt / "app" if root else cell.home / USERNAME


def bring(cell, files):
    """Lay files into the inbox of an empty cell."""
    cell.clear()
    for name, data in files.items():
        (cell.inbox / name).write_bytes(data)


def lay(cell, root, files):
    """Have the box keep files in BASE already, as root or the account installed them."""
    base, owner = base_of(cell, root), (0, 0) if root else (USER, GROUP)
    for name, data in {**files, "state/mode": b"root\n" if root else b"user\n"}.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o555 if "/bin/" in name else 0o444)
    for path in [base, *base.rglob("*")]:
        os.chown(path, *owner)


def snapshot(base):
    """Owner, mode and content of everything below BASE, but for what setup.sh itself keeps there."""
    found = {}
    for path in base.rglob("*"):
        status, content = path.lstat(), b""
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(base))] = (status.st_uid, status.st_mode, content)
    return {name: what for name, what in found.items() if name not in OWN}


def install(cell, way, arguments=("1", USERNAME), environment=None, had=None):
    """Run setup.sh as `way` says, on a box that has some files; returns its status after all that must hold held."""
    root, shell = way
    if had:
        lay(cell, root, had)
    before = snapshot(base_of(cell, root))
    own = {} if root else {"HOME": f"/home/{USERNAME}"}
    result = cell.run(*shell, "setup.sh", *arguments, root=root, environment={**(environment or {}), **own})
    judge(cell, root, result, before, installs=arguments[:1] not in QUESTIONS)
    return result.returncode


def judge(cell, root, result, before, installs=True):
    base, said = base_of(cell, root), result.stderr.decode("utf-8", "replace")
    assert result.returncode in STATUSES, (result.returncode, said)
    assert cell.written_elsewhere() == []
    assert {path.name for path in cell.opt.iterdir()} <= {"app"}
    assert {path.name for path in cell.home.iterdir()} == {USERNAME}
    after = snapshot(base)
    if result.returncode:
        assert len([line for line in said.splitlines() if line.startswith("error: ")]) == 1, said
        assert not set(said) & set(map(chr, [*range(9), *range(11, 32), 127])), said
    if result.returncode or not installs:
        assert after == before
        assert before or not root or not base.exists()
    else:
        assert b"handed over: " in result.stdout
        assert before.items() <= after.items()
        is_as_listed(base, set(after) - set(before))


def is_as_listed(base, new):
    """What setup.sh accepted has the listed files with the listed content, and nothing that gives rights away."""
    new = {name for name in new if not name.startswith((*KEPT, f"{layout_of(base).bundle['PYTHON_DIR']}/local"))}
    sums = dict(reversed(line.split("  ", 1)) for line in (base / RELEASE / "SHA256SUMS").read_text().splitlines())
    links = {name for name in new if (base / name).is_symlink()}
    files = {name for name in new - links if (base / name).is_file()}
    assert files - {f"{RELEASE}/SHA256SUMS"} <= set(sums)
    assert all(sha256((base / name).read_bytes()) == digest for name, digest in sums.items())
    assert all((base / name).resolve().is_relative_to(base.resolve()) for name in links)
    assert all(not (base / name).lstat().st_mode & 0o7022 for name in new - links)
    is_safe_for_the_release_code(base)


def layout_of(base):
    return layout.Release(str(base), "app", "1")


def is_safe_for_the_release_code(base):
    """It refuses what setup.sh cannot see, and gives nginx nothing with a meaning of its own."""
    release = layout_of(base)
    for check in (lambda: manifest.check(release, str(base)), lambda: static_files.settings(release)):
        try:
            for text in check() or ():
                assert not set(text) & set(" ;{}'\"$\n\\"), text
        except output.Failure as failure:
            assert failure.status == output.BAD_BUNDLE
    assert stat.S_ISREG(os.lstat(release.interpreter).st_mode)
