"""make deploy with deltas in dist/, with stubs for ssh and a box that has a release: which file it would upload."""

import io
import os
import shutil
import subprocess
import tarfile

import pytest

from building import TEMPLATE

# The box is a directory. A login that is root's, and no question after the one for the release.
SSH = """#!/bin/sh
for command; do :; done
case $command in
  *"id -un"*) printf 'root\\n0\\nnone\\n' ;;
  *sha256sum*) echo asked >>"$STUB_LOG"; sh -c "$(printf '%s' "$command" | sed "s|/opt/app|$STUB_BOX|")" ;;
  *readlink*) echo current=app-v1 ;;
esac
"""
SUMS = "1" * 64


@pytest.fixture
def dist(tmp_path):
    directory = tmp_path / "dist/debian-12-x86_64-py3.11.2"
    directory.mkdir(parents=True)
    write(directory / "app-v2.tar.gz", {"app-v2/BUNDLE": "", "app-v2/padding": os.urandom(9000).hex()})
    (directory / "app-v2.tar.gz.sha256").write_text(f"{'0' * 64}  app-v2.tar.gz\n{SUMS}  app-v2/SHA256SUMS\n")
    return directory


@pytest.fixture
def box(tmp_path):
    """Release 1 on a box; returns the hash of its list."""
    base = tmp_path / "box"
    (base / "state/complete").mkdir(parents=True)
    (base / "state/complete/1").touch()
    (base / "app-v1").mkdir()
    (base / "app-v1/SHA256SUMS").write_text("list\n")
    return subprocess.run(["sha256sum", base / "app-v1/SHA256SUMS"], capture_output=True, text=True).stdout[:64]


def write(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))


def write_delta(dist, base, since="1", sums=SUMS, padding=""):
    text = f"VERSION={since}\nBASE_SHA256SUMS={base}\nSHA256SUMS={sums}\n"
    write(dist / f"app-v2-since-{since}.delta", {"app-v2/DELTA/BASE": text, "app-v2/padding": padding})


@pytest.fixture
def uploaded(tmp_path):
    """Tells what ship.sh would upload."""
    (tmp_path / "deploy").mkdir()
    for script in (TEMPLATE / "deploy").glob("*.sh"):
        shutil.copy(script, tmp_path / "deploy")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(SSH)
    (tmp_path / "bin/ssh").chmod(0o755)

    def run(**variables):
        stubs = {
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
            "STUB_BOX": tmp_path / "box",
            "STUB_LOG": tmp_path / "log",
        }
        environment = {**os.environ, **stubs, "USERNAME": "app", "DRY_RUN": "1", **variables}
        command = ["bash", tmp_path / "deploy/ship.sh", "root@box", "2"]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, input="")
        assert result.returncode == 0, result.stderr
        (line,) = [line for line in result.stdout.splitlines() if "upload" in line]
        return line.split("upload ")[1].split(" ")[0]

    return run


def test_without_a_delta_it_is_the_whole_bundle_and_the_box_is_not_asked(dist, box, uploaded, tmp_path):
    assert uploaded() == "app-v2.tar.gz"
    assert not (tmp_path / "log").exists()


def test_a_delta_whose_base_the_box_has_is_taken_unless_it_is_unwanted(dist, box, uploaded):
    write_delta(dist, box)
    assert uploaded() == "app-v2-since-1.delta"
    assert uploaded(DELTA="no") == "app-v2.tar.gz"


def test_the_smallest_of_several_is_taken(dist, box, uploaded, tmp_path):
    write_delta(dist, box, padding=os.urandom(2000).hex())
    shutil.copytree(tmp_path / "box/app-v1", tmp_path / "box/app-v0")
    (tmp_path / "box/state/complete/0").touch()
    write_delta(dist, box, since="0")
    assert uploaded() == "app-v2-since-0.delta"


NOT_TAKEN = {
    "another release of that name": lambda dist, box, base: write_delta(dist, "f" * 64),
    "no such release": lambda dist, box, base: write_delta(dist, base, since="7"),
    "an incomplete release": lambda dist, box, base: (write_delta(dist, base), (box / "state/complete/1").unlink()),
    "a delta of another bundle": lambda dist, box, base: write_delta(dist, base, sums="2" * 64),
}


@pytest.mark.parametrize("what", NOT_TAKEN)
def test_else_it_is_the_whole_bundle(dist, box, uploaded, tmp_path, what):
    NOT_TAKEN[what](dist, tmp_path / "box", box)
    assert uploaded() == "app-v2.tar.gz"
