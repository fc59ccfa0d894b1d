"""make deploy with a bundle's other forms in dist/: which file it would upload. ssh and scp are stubs."""

import os
import tarfile

import pytest

from fleet import Fleet, box
from verifying import script

pytestmark = pytest.mark.slow

BASE = "a" * 64


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.add()
    return fleet


def uploaded(fleet, *releases, **variables):
    """What would be uploaded to a box that has those releases, each BASE VERSION SHA256."""
    answers = box() + "".join(f"release={release}\\n" for release in releases or (f"/opt/app 1 {BASE}",))
    result = fleet.ship("box", "7", DRY_RUN="1", BOX=answers, **variables)
    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stdout.splitlines() if "upload" in line]
    return line.split("upload ")[1].split(" ")[0]


def test_a_delta_whose_base_the_box_has_is_taken_unless_it_is_unwanted(fleet):
    assert uploaded(fleet) == "app-v7.tar.gz"
    fleet.add_delta("1", BASE)
    assert uploaded(fleet) == "app-v7-since-1.delta"
    assert uploaded(fleet, DELTA="no") == "app-v7.tar.gz"


def test_the_smallest_of_several_is_taken(fleet):
    fleet.add_delta("1", BASE, padding=os.urandom(2000).hex())
    fleet.add_delta("0", BASE)
    assert uploaded(fleet, f"/opt/app 1 {BASE}", f"/opt/app 0 {BASE}") == "app-v7-since-0.delta"


def test_it_goes_up_as_a_bundle_does_and_a_check_takes_its_head(fleet):
    fleet.add_delta("1", BASE)
    has = box() + f"release=/opt/app 1 {BASE}\\n"
    assert fleet.ship("a", "7", BOX=has).returncode == 0
    names = [line.split("/")[-1] for line in fleet.logged("copy")]
    assert names == ["app-v7-since-1.delta", "app-v7-since-1.delta.sha256", "setup.sh"]
    assert fleet.ship("--check", "a", "7", BOX=has).returncode == 0
    assert [line.split("/")[-1] for line in fleet.logged("copy")] == ["app-v7-since-1.delta", "setup.sh"]


NOT_TAKEN = {
    "another release of that name": (f"/opt/app 1 {'f' * 64}", {}),
    "no such release": (f"/opt/app 0 {BASE}", {}),
    "a release of the other mode": (f"/root 1 {BASE}", {}),
    "a delta of another bundle": (f"/opt/app 1 {BASE}", {"sums": "2" * 64}),
}


@pytest.mark.parametrize("what", NOT_TAKEN)
def test_else_it_is_the_whole_bundle(fleet, what):
    release, delta = NOT_TAKEN[what]
    fleet.add_delta("1", BASE, **delta)
    assert uploaded(fleet, release) == "app-v7.tar.gz"


@pytest.mark.parametrize("variables", [{"DELTA": "perhaps"}, {"COMPRESS": "bz2"}])
def test_what_no_form_has_reaches_no_box(fleet, variables):
    assert (fleet.ship("a", "7", **variables).returncode, fleet.logged()) == (64, [])


def test_the_smallest_form_is_taken_where_it_is_wanted_and_no_delta_will_do(fleet):
    fleet.add_small()
    assert uploaded(fleet) == "app-v7.tar.gz"
    assert uploaded(fleet, COMPRESS="xz") == "app-v7.tar.xz"
    fleet.add_delta("1", BASE)
    assert uploaded(fleet, COMPRESS="xz") == "app-v7-since-1.delta"


def test_the_smallest_form_goes_up_as_a_bundle_does_and_a_check_takes_its_head(fleet):
    fleet.add_small()
    assert fleet.ship("a", "7", COMPRESS="xz").returncode == 0
    names = [line.split("/")[-1] for line in fleet.logged("copy")]
    assert names == ["app-v7.tar.xz", "app-v7.tar.xz.sha256", "setup.sh"]
    keep = 'for file; do case $file in *:*) ;; *.xz) cp "$file" "${0%/*}/../head" ;; esac; done'
    script(fleet.root / "bin/scp", keep)
    assert fleet.ship("--check", "a", "7", COMPRESS="xz").returncode == 0
    with tarfile.open(fleet.root / "head", "r:xz") as head:
        assert head.getnames() == ["app-v7/BUNDLE"]


@pytest.mark.parametrize("sums", [None, "2" * 64])
def test_a_smallest_form_that_is_missing_or_another_s_is_asked_for(fleet, sums):
    if sums:
        fleet.add_small(sums)
    result = fleet.ship("a", "7", COMPRESS="xz")
    assert (result.returncode, fleet.logged("upload")) == (69, [])
    assert "make tarball VERSION=7 COMPRESS=xz" in result.stderr
