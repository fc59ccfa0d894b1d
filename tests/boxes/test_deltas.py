"""Deltas on booted boxes, in both modes: deployed, verified, rolled back; refused where the base is not what it was."""

import gzip
import subprocess

import pytest

from operating import APP, build, installed

DELTA = "app-v2-since-1.delta"


@pytest.fixture(scope="module")
def deltas(project):
    """Release 1, and release 2 with one changed line in the app, whole and as a delta since 1; 3 as a delta since 2."""
    build(project, "1")
    with project.changed("project/test.py", ""):
        for version, since in (("2", "1"), ("3", "2")):
            with project.changed("project/app.py", f"{APP}# {version}\n"):
                project.build(version, SINCE=since)
    return project


@pytest.fixture(scope="module", params=["root", "user"])
def installation(request, deltas):
    with installed(deltas, request.param, "1") as installation:
        yield installation


def beside(project, name):
    """A file beside the bundles."""
    return project.tarball("1").with_name(name)


def lists(installation, release):
    names = " ".join(f"{installation.base}/{release}/{name}" for name in ("SHA256SUMS", "MANIFEST", "BUNDLE"))
    return installation.ssh(f"cat {names}").stdout


def verified(installation, version):
    result = installation.run("deploy/verify.sh", installation.host, version)
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_a_delta_is_small(deltas):
    """Goal: 1.2 times the changed files, compressed, and a few kilobytes: the head and the SBOM take 4."""
    changed = gzip.compress(f"{APP}# 2\n".encode())
    assert beside(deltas, DELTA).stat().st_size <= 1.2 * len(changed) + 5120


def test_what_a_changed_base_gives_is_refused_and_the_whole_bundle_helps(installation):
    named = f"{installation.base}/app-v1/requirements.txt"
    before = installation.ssh(f"cat {named}").stdout
    installation.ssh(f"chmod u+w {named}; echo edited >>{named}")
    asked = installation.run("deploy/ship.sh", "--check", installation.host, "2", USERNAME="app")
    assert (asked.returncode, f"{named} is not what release 1 brought" in asked.stderr) == (78, True), asked.stderr
    refused = installation.deploy("2")
    assert (refused.returncode, installation.page("/version")) == (78, "1"), refused.stderr
    assert "wrong app-v2/requirements.txt; bring the whole bundle" in refused.stderr
    assert installation.ssh(f"ls -d {installation.base}/app-v2", check=False).returncode != 0
    installation.box.ssh(f"cat >{named}", input=before)


def test_a_delta_becomes_the_whole_bundle_s_release(installation):
    asked = installation.run("deploy/ship.sh", "--check", installation.host, "2", USERNAME="app")
    assert asked.returncode == 0, asked.stderr
    result = installation.deploy("2")
    assert (result.returncode, installation.page("/version")) == (0, "2"), result.stderr
    assert f"==> Uploading {DELTA} to " in result.stdout and "==> Completing app-v2 from app-v1" in result.stdout
    whole = installation.project.tarball("2")
    names = [f"app-v2/{name}" for name in ("SHA256SUMS", "MANIFEST", "BUNDLE")]
    expected = "".join(
        subprocess.run(["tar", "-xzOf", whole, name], capture_output=True, text=True, check=True).stdout
        for name in names
    )
    assert lists(installation, "app-v2") == expected
    verified(installation, "2")


def test_a_delta_of_a_delta_and_the_way_back(installation):
    result = installation.deploy("3")
    assert (result.returncode, installation.page("/version")) == (0, "3"), result.stderr
    assert "==> Completing app-v3 from app-v2" in result.stdout
    assert installation.verb("rollback").returncode == 0
    assert installation.page("/version") == "2"
    verified(installation, "2")


def test_the_whole_bundle_can_be_had_all_the_same(installation):
    result = installation.deploy("3", DELTA="no")
    assert result.returncode == 0, result.stderr
    assert "Uploading app-v3.tar.gz" in result.stdout
    assert "app-v3 is installed already" in result.stdout
