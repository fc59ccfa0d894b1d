"""What is known about systems and Pythons: every row complete, impossible pairs refused with what works instead."""

import json
import re

import pytest

import building

engine = building.part("builder.engine")
interpreter = building.part("builder.interpreter")
lock = building.part("builder.lock")
output = building.part("builder.output")
pairs = building.part("builder.pairs")
sources = building.part("builder.sources")
systems = building.part("builder.systems")
targets = building.part("builder.targets")

WHEELS = building.TEMPLATE / "wheels"
SERIES = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
ROWS = [(name, version) for name, versions in systems.known().items() for version in versions]
# FACTS: glibc of each system, as its own package says.
GLIBC = {
    **{("debian", "11"): "2.31", ("debian", "12"): "2.36", ("debian", "13"): "2.41"},
    **{("ubuntu", "20.04"): "2.31", ("ubuntu", "22.04"): "2.35", ("ubuntu", "24.04"): "2.39"},
    **{("centos", "5"): "2.5", ("centos", "6"): "2.12", ("centos", "7"): "2.17"},
    **{(name, "8"): "2.28" for name in ("centos", "rocky", "almalinux")},
    **{(name, "9"): "2.34" for name in ("centos", "rocky", "almalinux")},
    **{(name, "10"): "2.39" for name in ("centos", "rocky", "almalinux")},
}
IMAGES = {
    **{("centos", "5"): "centos:5.11", ("centos", "6"): "centos:6.10", ("centos", "7.4.1708"): "centos:7.4.1708"},
    **{("centos", "9"): "quay.io/centos/centos:stream9", ("centos", "10"): "quay.io/centos/centos:stream10"},
    **{("rocky", "9"): "rockylinux/rockylinux:9", ("rocky", "9.5"): "rockylinux/rockylinux:9"},
    **{("almalinux", "10"): "almalinux:10", ("debian", "12.11"): "debian:12", ("centos", "8"): "centos:8"},
}
OPENSSL_1_1_1, OPENSSL_1_0_2 = ("openssl", "1.1.1w"), ("openssl", "1.0.2u")
SQLITE, LIBFFI, XZ = ("sqlite", "3440200"), ("libffi", "3.3"), ("xz", "5.2.5")
# What is stock, what comes from source (EPEL 5, which would have xz, cannot be reached) and what cannot be.
LIBRARIES = {
    "centos 5": [[OPENSSL_1_0_2], [OPENSSL_1_0_2, XZ], *3 * [[OPENSSL_1_0_2, LIBFFI, SQLITE, XZ]], *5 * [None]],
    "centos 6": [[], [OPENSSL_1_1_1], *4 * [[OPENSSL_1_1_1, SQLITE]], *4 * [None]],
    "centos 7.4": [*5 * [[]], *3 * [[OPENSSL_1_1_1]], *2 * [[OPENSSL_1_1_1, SQLITE]]],
    **{system: 10 * [[]] for system in ("centos 8", "rocky 8", "almalinux 8", "debian 11", "ubuntu 20.04")},
    **{
        system: [*4 * [[OPENSSL_1_1_1]], *6 * [[]]]
        for system in (
            *("centos 9", "centos 10", "rocky 9", "rocky 10", "almalinux 9", "almalinux 10"),
            *("debian 12", "debian 13", "ubuntu 22.04", "ubuntu 24.04"),
        )
    },
}


def target(system, python):
    name, version = system.split()
    return targets.Target(name, version, "x86_64", python)


def newest(series):
    known = [version for version in sources.catalogue("cpython")["sha256"] if version.startswith(f"{series}.")]
    return max(known, key=pairs.numbers)


@pytest.mark.parametrize("name, version", ROWS)
def test_every_system_is_complete(name, version):
    system = systems.of_target(targets.Target(name, version, "x86_64", "3.11.2"))
    packages = systems.package_names(system.packages)
    assert {"gcc", "make", "perl"} <= set(packages) and packages == sorted(set(packages))
    assert system.glibc == GLIBC[name, version]
    assert set(pairs.table(systems.row_of(targets.Target(name, version, "", ""))["pairs"])) == set(SERIES)


@pytest.mark.parametrize("key, image", IMAGES.items(), ids=lambda value: " ".join(value) if len(value) == 2 else None)
def test_base_images(key, image):
    assert systems.of_target(targets.Target(*key, "x86_64", "3.11.2")).image == image


@pytest.mark.parametrize("image", ["mirror/debian:12", f"debian@sha256:{'0' * 64}"])
def test_a_row_s_own_image_wins(image):
    text = f'[{{"os": "debian", "version": "12", "bit": "64", "python": ["3.11.2"], "image": "{image}"}}]'
    (row,) = targets.parse(text, "x86_64")
    assert systems.of_target(row).image == image


@pytest.mark.parametrize("version", ["7.40", "7.4.1709", "5.1", "99"])
def test_an_unknown_release_is_refused_with_the_known_ones(version):
    with pytest.raises(
        output.Failure, match=f"centos {version} (is unknown; these are|cannot be built for)"
    ) as failure:
        systems.of_target(targets.Target("centos", version, "x86_64", "2.7.18"))
    assert failure.value.code == 78


@pytest.mark.parametrize("system", LIBRARIES)
def test_the_table_of_feasible_pairs(system):
    for series, libraries in zip(SERIES, LIBRARIES[system], strict=True):
        row = target(system, newest(series))
        if libraries is None:
            with pytest.raises(output.Failure, match="the nearest that works") as failure:
                pairs.of_target(row)
            assert failure.value.code == 78
        else:
            assert sorted(pairs.of_target(row).libraries) == sorted(libraries), series


def test_every_library_and_list_of_the_table_is_known():
    for rows in json.loads((WHEELS / "pairs.json").read_text()).values():
        for row in map(pairs.make, rows.values()):
            assert all(sources.checksums(name, version) for name, version in row.libraries)
            assert not row.packages or (WHEELS / "packages" / f"{row.packages}.txt").is_file()


@pytest.mark.parametrize(
    "system, python, message",
    [
        (
            "centos 5",
            "3.10.1",
            r"3.10 and newer need OpenSSL 1.1.1.*centos 5 can have Python 3.9.25; .* had on centos 6",
        ),
        ("centos 6", "3.12.4", r"glibc 2.12.*centos 6 can have Python 3.10.20; Python 3.12.4 can be had on centos 7"),
        ("debian 12", "3.5.2", r"Python 3.5 is not supported; these are: 2.7, 3.6.*debian 12 can have Python 3.6.15$"),
        ("debian 12", "3.11.99", r"Python 3.11.99 is not in wheels/sources.json; near it are: 3.11.0, "),
        ("debian 12", "2.7.9", r"before 2.7.12 cannot check hashes.*debian 12 can have Python 2.7.12$"),
    ],
)
def test_an_impossible_pair_is_refused_with_the_nearest_that_work(system, python, message):
    with pytest.raises(output.Failure) as failure:
        pairs.check([target(system, python), target("debian 12", "3.11.2")])
    assert failure.value.code == 78
    assert re.search(message, str(failure.value)), failure.value


def test_all_impossible_pairs_are_named_at_once():
    with pytest.raises(output.Failure) as failure:
        pairs.check([target("centos 5", "3.13.5"), target("debian 11", "3.9.2"), target("centos 6", "3.13.5")])
    assert re.findall(r"^    (\S+):", str(failure.value), re.MULTILINE) == [
        "centos-5-x86_64-py3.13.5",
        "centos-6-x86_64-py3.13.5",
    ]


def test_gcc_4_8_gets_its_language_and_centos_6_a_newer_compiler():
    assert interpreter.compiler(pairs.of_target(target("centos 7", "3.11.2")))["MORE_CFLAGS"] == "-std=gnu11"
    assert interpreter.compiler(pairs.of_target(target("centos 7", "3.10.1"))) == {"MORE_CFLAGS": ""}
    path = interpreter.compiler(pairs.of_target(target("centos 6", "3.8.1")))["PATH"]
    assert path == f"/opt/rh/devtoolset-8/root/usr/bin:{engine.ENVIRONMENT['PATH']}"
    assert "--enable-optimizations" not in (WHEELS / "build-python.sh").read_text()


def test_centos_5_gets_sources_that_its_tar_can_read():
    ending = systems.row_of(target("centos 5.11", "2.7.18"))["tar"]
    tgz = sources.catalogue("cpython")["sha256"]["2.7.18"]["tgz"]
    assert sources.checksums("cpython", "2.7.18", ending) == [tgz]


@pytest.mark.parametrize("series", SERIES)
def test_every_python_has_pins_with_hashes(series):
    lines = interpreter.pins_for(series).read_text().splitlines()
    pins = dict(line.split(" --hash=sha256:") for line in lines if not line.startswith("#"))
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in pins.values())
    names = [pin.split("==")[0] for pin in pins]
    assert names[:3] == ["pip", "setuptools", "wheel"]
    assert ("virtualenv" in names) == (series == "2.7")
    assert lock.tools_for(series).is_file()
