"""The SBOM: what it lists, that it keeps to the schema, and that the same bundle has the same bytes."""

import json
import subprocess
import sys
import zipfile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import building

cache = building.part("builder.cache")
interpreter = building.part("builder.interpreter")
inventory = building.part("builder.inventory")
output = building.part("builder.output")
sbom = building.part("builder.sbom")
settings = building.part("builder.settings")
tools = building.part("builder.tools")

TARGET = building.TARGET
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
    pip = "lib/python3.11/site-packages/pip-24.0.dist-info/METADATA"
    for name in ("lib/vendor/libssl.so.3", "lib/vendor/libodd.so.1", pip):
        (shipped / name).parent.mkdir(parents=True, exist_ok=True)
        (shipped / name).write_text(name)
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
