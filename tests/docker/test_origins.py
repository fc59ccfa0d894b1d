"""Where all that is in a bundle comes from: what BUNDLE and the SBOM say of it, and the pins that it was checked by."""

import hashlib
import json
import re
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PINNED = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# What Debian 12's own copyright files say, by what the SBOM says.
WORDS_OF_DEBIAN = {
    "Apache-2.0": "License: Apache-2.0",
    "BSD-3-Clause": "License: BSD-3-clause",
    "GPL-3.0-or-later": "License: GPL-3+",
    "LGPL-2.1-or-later": "version 2.1 (or, at your option, any later version)",
    "MIT": "License: Expat",
    "X11-distribute-modifications-variant": "distribute, distribute with modifications, sublicense",
    "Zlib": "License: Zlib",
    "blessing": "License: public-domain",
    "bzip2-1.0.6": "License: BSD-variant",
    "public domain": "License: PD",
}
TOOL = re.compile(r"lib/python3\.11/site-packages/([A-Za-z0-9_.]+)-([0-9.]+)\.dist-info/")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def bill_of(bundle):
    return json.loads((bundle.release / "deploy/sbom.cdx.json").read_text())


def files_below(top):
    return {str(path.relative_to(top)): sha256(path) for path in top.rglob("*") if path.is_file()}


def hashes_in(*locks):
    return {digest for lock in locks for digest in PINNED.findall(lock.read_text())}


def test_the_sbom_keeps_to_the_schema(bundle):
    """The real bundle's, by the real library's own copy of the schema."""
    text = (bundle.release / "deploy/sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_sbom_lists_the_app_cpython_and_every_wheel_with_hash_and_licence(bundle):
    bill = bill_of(bundle)
    assert bill["metadata"]["component"]["name"] == "app"
    listed = {one["purl"]: one for one in bill["components"] if "purl" in one}
    assert listed["pkg:generic/cpython@3.11.2"]["externalReferences"][0]["hashes"]
    assert listed["pkg:generic/cpython@3.11.2"]["licenses"]
    wheels = {purl.partition("file_name=")[2]: one for purl, one in listed.items() if "file_name=" in purl}
    found = {path.name: sha256(path) for path in bundle.release.glob("**/wheels/*.whl")}
    assert {name: one["hashes"][0]["content"] for name, one in wheels.items()} == found
    assert [name for name, one in wheels.items() if not one.get("licenses")] == []


def test_the_sbom_lists_every_vendored_library_with_version_and_hash(bundle):
    packaged = [one for one in bill_of(bundle)["components"] if one.get("purl", "").startswith("pkg:deb/")]
    listed = {one["properties"][0]["value"]: (one["hashes"][0]["content"], bool(one["version"])) for one in packaged}
    assert listed == {path.name: (sha256(path), True) for path in bundle.python.glob("lib/vendor/*.so*")}


def test_the_licence_of_every_vendored_library_is_what_its_package_says(host_bundle):
    for one in bill_of(host_bundle)["components"]:
        if one.get("purl", "").startswith("pkg:deb/"):
            licence = one["licenses"][0]["license"]
            said = Path(f"/usr/share/doc/{one['name']}/copyright").read_text()
            assert WORDS_OF_DEBIAN[licence.get("id") or licence["name"]] in said, one["name"]


def test_the_sbom_lists_pip_with_its_licence_and_the_hash_of_its_pin(bundle, project):
    (pip,) = (one for one in bill_of(bundle)["components"] if one["name"] == "pip")
    pinned = hashes_in(project.root / "wheels/tool-pins/newer.txt")
    assert pip["licenses"] == [{"license": {"id": "MIT"}}]
    assert {one["content"] for one in pip["externalReferences"][0]["hashes"]} < pinned


def test_the_head_tells_revision_engine_system_locks_and_sources(bundle, project):
    head, lock = bundle.head, project.root / "project/locks/py3.11.txt"
    known = json.loads((project.root / "wheels/sources.json").read_text())["cpython"]["sha256"]["3.11.2"]
    assert (head["REVISION"], head["DIRTY"]) == ("none", "no")  # what a repository gives: test_reproduction.py
    assert re.fullmatch("[0-9a-f]{16}", head["SYSTEM"])
    if head["ENGINE"] == "docker":
        assert head["IMAGE"] == "debian:12"
        assert re.fullmatch("sha256:[0-9a-f]{64}", head["IMAGE_ID"])
        assert re.fullmatch(r"unknown|\S+@sha256:[0-9a-f]{64}", head["IMAGE_DIGEST"])
    else:
        assert (head["ENGINE"], head["IMAGE"]) == ("host", "none")
    assert head["LOCKS"] == f"py3.11.txt={sha256(lock)}"
    assert head["SOURCES"].split() == sorted(f"cpython-3.11.2={digest}" for digest in known.values())


def test_every_file_is_the_project_s_own_or_has_a_pin(bundle, project):
    """What is left over after each origin has taken its own is what nobody pinned."""
    root = project.root
    release = files_below(bundle.release)
    for origin, prefix in ((root / "project", ""), (root / "deploy", "deploy/")):
        own = {f"{prefix}{name}": digest for name, digest in files_below(origin).items()}
        release = {name: digest for name, digest in release.items() if own.get(name) != digest}
    pinned = hashes_in(root / "project/locks/py3.11.txt"), hashes_in(root / "wheels/supervisor.txt")
    for directory, hashes in zip(("wheels/", "deploy/wheels/"), pinned, strict=True):
        wheels = {name for name, digest in release.items() if name.startswith(directory) and digest in hashes}
        assert wheels
        release = {name: digest for name, digest in release.items() if name not in wheels}
    lists = {"wheels/installed.txt", "deploy/wheels/installed.txt", "deploy/sbom.cdx.json"}
    assert set(release) - lists == {"BUNDLE", "SHA256SUMS", "MANIFEST"}


def test_what_is_installed_in_the_interpreter_has_a_pin(bundle, project):
    tools = (project.root / "wheels/tool-pins/newer.txt").read_text()
    installed = {match.groups() for name in files_below(bundle.python) if (match := TOOL.match(name))}
    assert "pip" in dict(installed)
    for name, version in installed:
        assert re.search(rf"^{name}=={re.escape(version)} --hash=sha256:[0-9a-f]{{64}}$", tools, re.MULTILINE)


def test_the_box_installs_by_hashes_alone(bundle):
    wheels = {sha256(path) for path in bundle.release.glob("wheels/*.whl")}
    assert hashes_in(bundle.release / "wheels/installed.txt") == wheels
