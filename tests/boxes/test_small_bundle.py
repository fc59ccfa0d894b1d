"""A .tar.xz on a booted box: refused without xz, and otherwise the same release as from the whole bundle."""

import shutil

import pytest

from operating import Installation, build


@pytest.fixture(scope="module")
def small(project):
    build(project, "1")
    project.build("2", COMPRESS="xz")
    return project


def test_byte_code_is_made_on_the_box_and_is_what_was_built(small, debian_box):
    whole, tarball = small.tarball("2"), small.tarball("2").with_suffix(".xz")
    assert tarball.stat().st_size < 0.6 * whole.stat().st_size
    for path in (tarball, tarball.with_name(f"{tarball.name}.sha256"), small.root / "deploy/setup.sh"):
        debian_box.copy_to(path, "/root/", user="root")
    asked = debian_box.ssh("sh setup.sh --check 2 app", check=False)
    assert (asked.returncode, "the command xz, which unpacks app-v2.tar.xz, is missing" in asked.stderr) == (78, True)
    debian_box.copy_to(shutil.which("xz"), "/usr/bin/xz", user="root")
    result = debian_box.ssh("sh setup.sh 2 app", check=False, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "==> Making the interpreter's byte code" in result.stdout
    installation = Installation(small, debian_box, "root")
    verified = installation.run("deploy/verify.sh", installation.host, "2")
    assert verified.returncode == 0, verified.stdout
