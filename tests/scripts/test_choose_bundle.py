"""make deploy among several bundles, with stubs for ssh: which one it takes, and why it takes none."""

import io
import os
import shutil
import subprocess
import tarfile

import pytest

from building import TEMPLATE

# The first question is what the box is; the answer to the next ends the run, which has chosen by then.
SSH = """#!/bin/sh
for command; do :; done
case $command in *os-release*) printf '%b' "$STUB_BOX" ;; *-N*) ;; *"id -un"*) exit 1 ;; esac
"""


@pytest.fixture
def ship(tmp_path):
    """Run ship.sh where dist/ has a bundle for each target, with the glibc that it needs."""
    (tmp_path / "deploy").mkdir()
    for script in (TEMPLATE / "deploy").glob("*.sh"):
        shutil.copy(script, tmp_path / "deploy")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(SSH)
    (tmp_path / "bin/ssh").chmod(0o755)

    def run(bundles, box, arch="x86_64", **variables):
        for target, glibc in bundles.items():
            write_bundle(tmp_path / "dist" / target / "app-v1.tar.gz", target, glibc)
        path = f"{tmp_path}/bin:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "STUB_BOX": box.replace(" ", "\\n"), **variables}
        command = ["bash", tmp_path / "deploy/ship.sh", "root@box", "1"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, input="")

    return run


def write_bundle(path, target, glibc):
    path.parent.mkdir(parents=True)
    arch = target.split("-")[2]
    head = f"TARGET={target}\nARCH={arch}\nGLIBC={glibc}\nGLIBC_FILE=app-v1/x.so\n".encode()
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("app-v1/BUNDLE")
        member.size = len(head)
        tar.addfile(member, io.BytesIO(head))


TWELVE, THIRTEEN = "debian-12-x86_64-py3.11.2", "debian-13-x86_64-py3.13.5"
ELEVEN, OLD = "debian-11-x86_64-py3.9.2", "debian-11-x86_64-py2.7.18"
CENTOS = "centos-7.40-x86_64-py3.6.1"


@pytest.mark.parametrize(
    ("bundles", "box", "chosen"),
    [
        ({TWELVE: "2.36", THIRTEEN: "2.38", ELEVEN: "2.29"}, "debian 12 x86_64 2.36", TWELVE),
        ({TWELVE: "2.36", ELEVEN: "2.29"}, "ubuntu 20.04 x86_64 2.31", ELEVEN),
        ({CENTOS: "2.17", TWELVE: "2.36"}, "centos 7.4 x86_64 2.17", CENTOS),
        ({CENTOS: "2.17", "centos-7-aarch64-py3.6.1": "2.17"}, "centos 7.9 x86_64 2.17", CENTOS),
        ({"debian-12-aarch64-py3.11.2": "2.36", TWELVE: "2.36"}, "debian 12 x86_64 2.36", TWELVE),
    ],
)
def test_the_one_that_fits_is_taken(ship, bundles, box, chosen):
    assert f"    {chosen} fits the box: " in ship(bundles, box).stdout


def test_several_that_fit_are_named_and_none_is_taken(ship):
    result = ship({OLD: "2.29", ELEVEN: "2.29", TWELVE: "2.36"}, "debian 11 x86_64 2.31")
    assert result.returncode == 64
    assert result.stderr.splitlines()[-1].endswith(f"(debian 11); choose with TARGET=: {OLD} {ELEVEN}")


def test_target_chooses_among_several(ship):
    result = ship({OLD: "2.29", ELEVEN: "2.29"}, "debian 11 x86_64 2.31", TARGET="*-py2.7.18")
    assert (result.returncode, "choose with" in result.stderr) == (1, False)


def test_where_none_fits_each_reason_is_told(ship):
    bundles = {TWELVE: "2.36", "debian-11-aarch64-py3.9.2": "2.29"}
    result = ship(bundles, "debian 11 x86_64 2.31")
    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        "error: no bundle of this version fits the box (debian 11, x86_64, glibc 2.31):",
        "    debian-11-aarch64-py3.9.2: is for aarch64",
        f"    {TWELVE}: needs glibc 2.36, because of app-v1/x.so",
    ]


def test_a_box_without_glibc_takes_none(ship):
    result = ship({TWELVE: "2.36", ELEVEN: "2.29"}, "alpine 3.20 x86_64")
    assert (result.returncode, result.stderr.count("needs glibc\n")) == (78, 2)


def test_without_a_bundle_of_that_version_the_box_is_not_asked(ship):
    result = ship({}, "debian 12 x86_64 2.36")
    assert (result.returncode, "make it first" in result.stderr) == (69, True)
