"""The SBOM: what it lists, that it keeps to the schema, and that the same bundle has the same bytes."""

import json
import re
import subprocess
import sys
import zipfile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_expression, is_supported_id
from cyclonedx.validation.json import JsonStrictValidator

import building

cache = building.part("builder.cache")
interpreter = building.part("builder.interpreter")
inventory = building.part("builder.inventory")
licences = building.part("builder.licences")
output = building.part("builder.output")
sbom = building.part("builder.sbom")
settings = building.part("builder.settings")
tools = building.part("builder.tools")

TARGET = building.TARGET
# The pip of Python 3.10 and newer: its version, and the hash of its wheel.
PIP = re.search(
    r"^pip==(\S+) --hash=sha256:(\S+)", (building.TEMPLATE / "wheels/tool-pins/newer.txt").read_text(), re.MULTILINE
).groups()
OLDER = TARGET._replace(python="2.7.18")
SETTINGS = settings.Settings("app", "app:app", "/")
METADATA = {
    "expression": "License-Expression: MIT OR Apache-2.0\n",
    "words": "License: BSD-3-Clause\n",
    "classifier": "License: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License\n",
    "whole text": f"License: {'Permission is granted. ' * 9}\nClassifier: License :: OSI Approved :: MIT License\n",
    "nothing": "",
}
LICENCES = {
    "expression": [{"expression": "MIT OR Apache-2.0"}],
    "words": [{"license": {"id": "BSD-3-Clause"}}],
    "classifier": [{"license": {"name": "BSD License"}}],
    "whole text": [{"license": {"name": "MIT License"}}],
    "nothing": None,
}


def wheel(directory, name, metadata="", **files):
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n{metadata}\ntext")
        for path, content in files.items():
            archive.writestr(path.replace("__", "/"), content)


@pytest.fixture(autouse=True)
def own_tools(tmp_path, monkeypatch):
    """The library that writes SBOMs is among the tests' own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tools, "environment", lambda *_: building.Path(sys.prefix))


@pytest.fixture
def parts(tmp_path):
    """An interpreter with two libraries of the system's and a pip, and wheels."""
    shipped = tmp_path / "shipped"
    pip = f"lib/python3.11/site-packages/pip-{PIP[0]}.dist-info/METADATA"
    for name in ("lib/vendor/libssl.so.3", "lib/vendor/libodd.so.1", pip):
        (shipped / name).parent.mkdir(parents=True, exist_ok=True)
        (shipped / name).write_text(METADATA["expression"])
    (shipped / "lib/vendor/PACKAGES").write_text("libssl.so.3 deb libssl3 3.0.15-1~deb12u1\nlibodd.so.1 unknown\n")
    wheel(tmp_path / "wheels", "plain", METADATA["expression"])
    wheel(tmp_path / "wheels", "whole", plain__libs="x", whole_libs__libz="y", **{"whole.libs__libz-1.so": "z"})
    wheel(tmp_path / "supervisor", "supervisor")
    return interpreter.Interpreter("key", shipped, shipped, "2.36", "3.11.2 cp311"), tmp_path


def made(parts, version="1", target=TARGET):
    python, place = parts
    wheels = [place / "wheels", place / "supervisor"]
    return (sbom.made(inventory.collect(SETTINGS, version, target, python, wheels)) / sbom.NAME).read_text()


def components(text):
    return {component["name"]: component for component in json.loads(text)["components"]}


def test_it_keeps_to_the_schema(parts):
    """CycloneDX 1.6, strictly: what the schema does not know is an error."""
    for target in (TARGET, OLDER):
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made(parts, target=target)) is None


def test_everything_is_listed(parts):
    found = components(made(parts))
    assert set(found) == {"cpython", "libssl3", "libodd.so.1", "pip", "plain", "whole", "supervisor"}
    assert found["libssl3"]["purl"] == "pkg:deb/debian/libssl3@3.0.15-1~deb12u1"
    assert found["cpython"]["version"] == "3.11.2"
    assert all(reference["hashes"] for reference in found["cpython"]["externalReferences"])
    assert found["plain"]["purl"] == "pkg:pypi/plain@1.0?file_name=plain-1.0-py3-none-any.whl"
    inner = [component["name"] for component in found["whole"]["components"]]
    assert inner == ["libz-1.so"]
    assert components(made(parts, target=OLDER))["openssl"]["version"] == "1.1.1w"
    files = [name for name, component in found.items() if component["type"] != "library"]
    assert files == ["libodd.so.1"]
    assert all(found[name]["hashes"] for name in ("libssl3", "libodd.so.1", "plain", "whole", "supervisor"))


@pytest.mark.parametrize("kind", METADATA)
def test_licences(parts, kind):
    wheel(parts[1] / "wheels", "plain", METADATA[kind])
    assert components(made(parts))["plain"].get("licenses") == LICENCES[kind]


def test_what_is_not_a_wheel_has_a_licence_too(parts):
    found = components(made(parts))
    assert found["pip"]["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert found["libssl3"]["licenses"] == [{"license": {"id": "Apache-2.0", "acknowledgement": "concluded"}}]
    assert found["cpython"]["licenses"] == [{"license": {"id": "Python-2.0.1", "acknowledgement": "concluded"}}]
    assert "licenses" not in found["libodd.so.1"]
    older = components(made(parts, target=OLDER))
    assert older["openssl"]["licenses"] == [{"license": {"id": "OpenSSL", "acknowledgement": "concluded"}}]


def test_pip_has_the_hash_of_the_wheel_that_its_pin_names(parts, monkeypatch):
    (wheel_of_pip,) = components(made(parts))["pip"]["externalReferences"]
    assert wheel_of_pip["hashes"] == [{"alg": "SHA-256", "content": PIP[1]}]
    monkeypatch.setattr(inventory, "pins_for", lambda _series: building.TEMPLATE / "wheels/tool-pins/py2.7.txt")
    assert "externalReferences" not in components(made(parts))["pip"]  # of a version that no pin names


@pytest.mark.parametrize("mode", ["source", "none"])
def test_where_the_box_has_its_own_python_pip_is_listed_and_the_libraries_of_this_system_are_not(
    parts, monkeypatch, mode
):
    monkeypatch.setenv("INTERPRETER", mode)
    found = components(made(parts))
    assert ("pip" in found, "cpython" in found, "libssl3" in found) == (True, mode == "source", False)


@pytest.mark.parametrize(
    ("file", "version", "licence"),
    [
        ("libssl.so.1.1", "1.1.1w-0+deb11u1", "OpenSSL"),
        ("libcrypto.so.3", "3.0.22-1~deb12u2", "Apache-2.0"),
        ("libssl.so.10", "1:1.0.2k-26.el7_9", "OpenSSL"),
        ("libz.so.1", "1:1.2.13.dfsg-1", "Zlib"),
        ("liblzma.so.5", "5.4.1-1+deb12u2", "public domain"),
        ("liblzma.so.5", "5.8.1-1+deb13u2", "0BSD"),
        ("libreadline.so.5", "5.1-3.el5", "GPL-2.0-or-later"),
        ("libreadline.so.8", "8.2-6", "GPL-3.0-or-later"),
        ("libreadline.so.8", "", ""),
        ("libuuid.so.1", "", "BSD-3-Clause"),
        ("libodd.so.1", "1.0-1", ""),
    ],
)
def test_licences_of_libraries_by_version(file, version, licence):
    assert licences.of_library(file, version) == licence


def test_every_licence_that_we_name_is_known_to_spdx():
    """But what is in the public domain, for which SPDX has no name."""
    rows = [line.split(" ", 2) for line in licences.systems.package_names(licences.WHEELS / "library-licences.txt")]
    sources = json.loads((licences.WHEELS / "sources.json").read_text()).values()
    named = {row[2] for row in rows} | {source["licence"] for source in sources}
    assert {name for name in named if not (is_supported_id(name) or is_expression(name))} == {"public domain"}


def test_the_same_bundle_gives_the_same_bytes_and_another_one_another_number(parts, tmp_path, monkeypatch):
    first = made(parts)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another cache"))
    assert made(parts) == first
    assert "timestamp" not in first
    numbers = {json.loads(text)["serialNumber"] for text in (first, made(parts, "2"))}
    assert len(numbers) == 2


def test_what_is_known_is_not_made_again(parts, monkeypatch):
    first = made(parts)
    monkeypatch.setattr(subprocess, "run", None)
    assert made(parts) == first


def test_a_failure_is_told_and_nothing_is_kept(parts):
    (parts[1] / "wheels/broken-1.0-py3-none-any.whl").write_text("no wheel")
    with pytest.raises(output.Failure, match="the SBOM cannot be made") as failure:
        made(parts)
    assert failure.value.code == 70
    assert list(cache.directory("sboms").glob("[!.]*")) == []
