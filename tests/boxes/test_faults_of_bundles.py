"""Bundles that are not what was built are refused before anything of them is used, and the old release serves on."""

import hashlib
import io
import tarfile

import pytest

from faults import asking, one_mode

pytestmark = [one_mode, pytest.mark.usefixtures("back_to_release_2")]


def flipped(data):
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]


def truncated(data):
    return data[:-1000]


# What changes the bytes that the sidecar is about.
DAMAGES = {"flipped": flipped, "truncated": truncated}


def edit(members, path):
    members[f"app-v3/{path}"][1] += b"\n# more\n"


def add(members, name, kind=tarfile.REGTYPE, target="", mode=0o444):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, target, mode
    members[name] = [member, b""]


# What comes with a sidecar of its own, as from somebody who forges both; a key stops that (test_deploy).
FORGERIES = {
    "edited file": lambda members: edit(members, "app.py"),
    "edited manifest": lambda members: edit(members, "MANIFEST"),
    "missing file": lambda members: members.pop("app-v3/app.py"),
    "extra file": lambda members: add(members, "app-v3/sitecustomize.py"),
    "climbs out": lambda members: add(members, "app-v3/../../evil"),
    "absolute name": lambda members: add(members, "/tmp/evil"),
    "link out": lambda members: add(members, "app-v3/link", tarfile.SYMTYPE, "/etc"),
    "hard link out": lambda members: add(members, "app-v3/link", tarfile.LNKTYPE, "/etc/passwd"),
    "device": lambda members: add(members, "app-v3/device", tarfile.CHRTYPE),
    "set-user-id": lambda members: add(members, "app-v3/file", mode=0o4755),
}


CASES = [*DAMAGES, *FORGERIES]
IN_MAKE_TEST = ("flipped", "edited manifest", "climbs out")


@pytest.mark.parametrize(
    "name", [name if name in IN_MAKE_TEST else pytest.param(name, marks=pytest.mark.full) for name in CASES]
)
def test_what_is_not_the_bundle_is_refused(installation, tmp_path, name):
    """FAULTS 5 and 23."""
    tarball, place = installation.project.tarball("3"), tmp_path / "app-v3.tar.gz"
    sidecar = tarball.with_name(f"{tarball.name}.sha256").read_text()
    if name in DAMAGES:
        place.write_bytes(DAMAGES[name](tarball.read_bytes()))
    else:
        write(forged(tarball, FORGERIES[name]), place)
        sidecar = f"{sha256(place)}  {place.name}\n" + sidecar.partition("\n")[2]
    place.with_name(f"{place.name}.sha256").write_text(sidecar)
    for file in (place, place.with_name(f"{place.name}.sha256"), installation.project.root / "deploy/setup.sh"):
        installation.box.copy_to(file, ".", installation.user)
    before = whole(installation)
    with asking(installation, "2"):
        result = installation.ssh("sh setup.sh 3 app", check=False)
    assert result.returncode == 65, result.stdout + result.stderr
    assert whole(installation) == before
    assert installation.settled() == "2"


def whole(installation):
    """All that lies in BASE, but for the logs and what was uploaded."""
    looked_at = f"find {installation.base} -name logs -prune -o ! -name 'app-v3.tar.gz*' ! -name 'lock.holder' -print"
    return installation.ssh(f"{looked_at} | sort; ls /tmp").stdout


def forged(tarball, forge):
    """The members by name, each with its bytes, one of them forged."""
    members = {}
    with tarfile.open(tarball, "r:gz") as archive:
        for member in archive:
            members[member.name] = [member, archive.extractfile(member).read() if member.isfile() else b""]
    forge(members)
    return members


def write(members, place):
    with tarfile.open(place, "w:gz", format=tarfile.GNU_FORMAT, compresslevel=1) as archive:
        for member, content in members.values():
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
