"""Writes what a bundle is made of as a CycloneDX SBOM (JSON, specification 1.6).

Usage: python sbom.py <inventory.json >sbom.cdx.json        (a Python that has wheels/sbom-tools.txt installed)

inventory.json is what builder/inventory.py collects. The same inventory gives the same bytes: the serial number is made
from it, and there is no time stamp.
"""

import hashlib
import json
import sys
import uuid
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

CLASSIFIER = "License :: OSI Approved :: "
INDEX = "https://pypi.org/simple/{}/"
LONGEST_NAME = 80  # of a licence: some packages put its whole text where its name belongs


def sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def component(purl: PackageURL, kind: ComponentType = ComponentType.LIBRARY, **more: Any) -> Component:
    """Return a component whose reference is its package URL; that is how others name it."""
    return Component(type=kind, name=purl.name, version=purl.version, bom_ref=str(purl), purl=purl, **more)


def parsed(metadata: bytes) -> Any:
    return HeaderParser().parsestr(metadata.decode("utf-8", "replace"))


def metadata_of(wheel: str) -> tuple[Any, dict[str, str]]:
    """Return a wheel's METADATA, and the sha256 of every library that auditwheel put into it, by file name."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (path,) = (name for name in names if name.count("/") == 1 and name.endswith(".dist-info/METADATA"))
        libraries = {
            name.rpartition("/")[2]: hashlib.sha256(archive.read(name)).hexdigest()
            for name in names
            if ".libs/" in name and not name.endswith("/")
        }
        return parsed(archive.read(path)), libraries


def licence_of(metadata: Any) -> list[License]:
    """Return the licence that METADATA names: as an SPDX expression (PEP 639), in words, or by a classifier."""
    texts = [metadata.get("License-Expression"), metadata.get("License")]
    texts += [value[len(CLASSIFIER) :] for value in metadata.get_all("Classifier", []) if value.startswith(CLASSIFIER)]
    usable = [text.strip() for text in texts if text and text.strip() not in ("", "UNKNOWN")]
    short = [text for text in usable if len(text) <= LONGEST_NAME and "\n" not in text]
    return [LicenseFactory().make_from_string(short[0])] if short else []


def licence_by_us(name: str) -> list[License]:
    """Return a licence that this project's tables name (sources.json, library-licences.txt), not the package itself."""
    concluded = LicenseAcknowledgement.CONCLUDED
    return [LicenseFactory().make_from_string(name, license_acknowledgement=concluded)] if name else []


def wheel_component(wheel: dict) -> Component:
    metadata, libraries = metadata_of(wheel["path"])
    purl = PackageURL("pypi", None, wheel["name"], wheel["version"], {"file_name": wheel["file"]})
    inner = [file_component(name, digest, f"{purl}#{name}") for name, digest in sorted(libraries.items())]
    return component(purl, hashes=[sha256(wheel["sha256"])], licenses=licence_of(metadata), components=inner)


def file_component(name: str, digest: str, reference: str) -> Component:
    return Component(type=ComponentType.FILE, name=name, bom_ref=reference, hashes=[sha256(digest)])


def vendored_component(library: dict) -> Component:
    """A library copied from the system, by its package if that is known: that is what has a version."""
    if not library["package"]:
        return file_component(library["file"], library["sha256"], f"vendored:{library['file']}")
    purl = PackageURL(library["type"], library["vendor"], library["package"], library["version"])
    properties = [Property(name="offline-flask:file", value=library["file"])]
    hashes, licences = [sha256(library["sha256"])], licence_by_us(library["licence"])
    made = component(purl, hashes=hashes, licenses=licences, properties=properties)
    made.bom_ref.value = f"{purl}#{library['file']}"  # one package may have several libraries
    return made


def source_component(source: dict) -> Component:
    """What was compiled from source, or taken from an archive; each file that it may have come from with its hash."""
    purl = PackageURL("generic", None, source["name"], source["version"])
    kinds = ExternalReferenceType
    kind = kinds.SOURCE_DISTRIBUTION if source["compiled"] else kinds.DISTRIBUTION
    files = source["files"]
    references = [ExternalReference(type=kind, url=XsUri(url), hashes=[sha256(digest)]) for url, digest in files]
    return component(purl, external_references=references, licenses=licence_by_us(source["licence"]))


def installed_component(package: dict) -> Component:
    """What pip installed into the interpreter, with the hash of the file that it was installed from, if pinned."""
    purl = PackageURL("pypi", None, package["name"], package["version"])
    hashes = [sha256(package["sha256"])] if package["sha256"] else []
    from_where = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION, url=XsUri(INDEX.format(package["name"])), hashes=hashes
    )
    licences = licence_of(parsed(Path(package["path"]).read_bytes()))
    return component(purl, external_references=[from_where] if hashes else [], licenses=licences)


def bill(inventory: dict) -> Bom:
    """Return the bill of materials: the application, and all that it depends on."""
    application = inventory["application"]
    purl = PackageURL("generic", None, application["name"], application["version"])
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(inventory["identity"], sort_keys=True)))
    bom.metadata.component = component(purl, ComponentType.APPLICATION)
    parts = [source_component(source) for source in inventory["sources"]]
    parts += [vendored_component(library) for library in inventory["vendored"]]
    parts += [installed_component(package) for package in inventory["installed"]]
    parts += [wheel_component(wheel) for wheel in inventory["wheels"]]
    bom.components.update(parts)
    bom.register_dependency(bom.metadata.component, parts)
    return bom


def without_time(text: str) -> str:
    """Return the document without the time at which it was made, which the library always writes."""
    document = json.loads(text)
    del document["metadata"]["timestamp"]
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def main() -> None:
    inventory = json.load(sys.stdin)
    outputter = make_outputter(bill(inventory), OutputFormat.JSON, SchemaVersion.V1_6)
    sys.stdout.write(without_time(outputter.output_as_string()))


if __name__ == "__main__":
    main()
