"""What root does in directories that the account can change: it follows no link, and reads and gives away nothing.

What the release code does there as root is done in a cell, on what the account made of these directories.
"""

import os
import shutil

import pytest

import building
from cell import GROUP, USER, USERNAME

DRIVER = """
import os, shutil, sys
sys.path.insert(0, "/srv/release")
import app_env, files, home_link, installation, layout, logs, process, selftest, uninstall
app_env.READ_SECONDS = 1
box = layout.Layout("/opt/app", "app")
account = process.Account(box.username)
release = box.release("1")
make = os.mkdir

# The account is quicker than root: what root itself makes in its directories is a link at once.
def mkdir(path, *mode):
    make(path, *mode)
    if path.startswith(tuple(directory + "/" for directory in (box.shared, box.logs, box.run, account.home))):
        os.rmdir(path)
        os.symlink("/srv/roots/file", path)

def try_on_data():
    with selftest._empty_data(box, release, account):
        pass

os.mkdir = mkdir
for step in (
    lambda: installation._make_directories(box),
    lambda: home_link.make(box, release),
    lambda: home_link.remove(box, release.path),
    lambda: print(app_env.read(box, account)),
    lambda: print(logs.since(box, 0)),
    try_on_data,
    lambda: uninstall._remove_accounts_own(box, True),
):
    try:
        step()
        print("done: as asked")
    except EnvironmentError as reason:
        print("done: %s" % reason)
"""
SECRET = "rot-13 is no cipher"
# What the account puts in a place: a link's target, or what it makes there.
OWN = ("/srv/roots", "/srv/roots/file", "/opt/app/state", "/opt/app/state/new", "/opt/app/app-v1")
SHAPES = [*OWN, "/etc", "/etc/shadow", "/", ".", "a pipe", "a directory", "a file", "nothing"]
PLACES = ("shared/data", "shared/app.env", "run/test-1", "logs/error.log", "home")


def install(cell):
    """BASE as root mode leaves it, and a directory of root's elsewhere."""
    cell.clear()
    shutil.copytree(building.TEMPLATE / "deploy/release", cell.inbox / "release")
    base = cell.opt / "app"
    for name in ("state", "app-v1"):
        (base / name).mkdir(parents=True)
    for name, text in {"state/mode": "root", "state/username": USERNAME, "app-v1/BUNDLE": "PYTHON=3.11.2"}.items():
        (base / name).write_text(f"{text}\n")
    for name in ("shared", "logs", "run"):
        (base / name).mkdir(mode=0o750)
        os.chown(base / name, USER, GROUP)
    (cell.inbox / "roots").mkdir(mode=0o700)
    (cell.inbox / "roots/file").write_text(SECRET)
    (cell.inbox / "roots/file").chmod(0o600)
    return base


def roots_own(cell):
    """Owner, mode and content of all that is root's and that the account cannot change."""
    places = [cell.inbox, cell.opt / "app/state", cell.opt / "app/app-v1"]
    found = [path for place in places for path in [place, *place.rglob("*")] if path.name != "instance"]
    return {str(path): (path.lstat().st_uid, path.lstat().st_mode, text(path)) for path in found}


def text(path):
    return path.read_bytes() if path.is_file() else b""


def put(place, shape):
    if shape == "a pipe":
        os.mkfifo(place)
    elif shape == "a directory":
        place.mkdir()
    elif shape == "a file":
        place.write_text("KEY=value\n")
    elif shape != "nothing":
        place.symlink_to(shape)
    if shape != "nothing":
        os.chown(place, USER, GROUP, follow_symlinks=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_root_follows_no_link(cell, shape):
    base = install(cell)
    for place in PLACES:
        put(cell.home / USERNAME / "app-v1" if place == "home" else base / place, shape)
    before = roots_own(cell)
    result = cell.run("python3", "-B", "-c", DRIVER, root=True)
    assert roots_own(cell) == before
    assert cell.written_elsewhere() == []
    assert result.stdout.count(b"done: ") == 7, result.stderr
    assert SECRET.encode() not in result.stdout + result.stderr
    assert b"root:" not in result.stdout + result.stderr
