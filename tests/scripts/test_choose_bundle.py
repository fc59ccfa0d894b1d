"""make deploy among several bundles: which one it takes, and why it takes none. ssh and scp are stubs."""

import pytest

from fleet import TARGET, Fleet, box

pytestmark = pytest.mark.slow

TWELVE, THIRTEEN = TARGET, "debian-13-x86_64-py3.13.5"
ELEVEN, OLD = "debian-11-x86_64-py3.9.2", "debian-11-x86_64-py2.7.18"
CENTOS = "centos-7.40-x86_64-py3.6.1"


@pytest.fixture
def ship(tmp_path):
    """Run ship.sh where dist/ has a bundle for each target, with the glibc that it needs."""
    fleet = Fleet(tmp_path)

    def run(bundles, words, **variables):
        for target, glibc in bundles.items():
            fleet.add(target, glibc)
        os, version, arch, glibc = [*words.split(), ""][:4]
        return fleet.ship("box", "7", BOX=box(os=os, version=version, arch=arch, glibc=glibc), **variables)

    return run


@pytest.mark.parametrize(
    ("bundles", "box", "chosen"),
    [
        ({TWELVE: "2.36", THIRTEEN: "2.38", ELEVEN: "2.29"}, "debian 12 x86_64 2.36", TWELVE),
        ({TWELVE: "2.36", ELEVEN: "2.9"}, "ubuntu 20.04 x86_64 2.31", ELEVEN),
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
    assert (result.returncode, result.stderr) == (0, "")


def test_where_none_fits_each_reason_is_told(ship):
    result = ship({TWELVE: "2.36", "debian-11-aarch64-py3.9.2": "2.29"}, "debian 11 x86_64 2.31")
    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        "error: no bundle of this version fits the box (debian 11, x86_64, glibc 2.31):",
        "    debian-11-aarch64-py3.9.2: is for aarch64",
        f"    {TWELVE}: needs glibc 2.36, because of app-v7/x.so",
    ]


def test_a_box_without_glibc_takes_none(ship):
    result = ship({TWELVE: "2.36", ELEVEN: "2.29"}, "alpine 3.20 x86_64")
    assert (result.returncode, result.stderr.count("needs glibc\n")) == (78, 2)


def test_without_a_bundle_of_that_version_the_box_is_not_asked(ship):
    result = ship({}, "debian 12 x86_64 2.36")
    assert (result.returncode, "make it first" in result.stderr) == (69, True)


def test_a_bundle_that_cannot_be_read_is_named(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.add()
    (tarball,) = tmp_path.glob("dist/*/*.tar.gz")
    tarball.write_bytes(tarball.read_bytes()[:20])
    result = fleet.ship("box", "7")
    assert (result.returncode, fleet.logged()) == (65, [])
    assert f"{tarball.name} cannot be read" in result.stderr
