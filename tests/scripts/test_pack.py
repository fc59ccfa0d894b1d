"""deploy/pack.py: what a bundle holds, who can read it, and what is refused."""

import os
import shutil
import subprocess
import tarfile

import pytest

import building

layers = building.part("layers")
pack = building.part("pack")


@pytest.fixture
def tree(tmp_path):
    """A small project with every kind of member."""
    root = tmp_path / "tree"
    (root / "sub dir").mkdir(parents=True)
    (root / "app.py").write_text("app\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o700)
    (root / "sub dir" / "ünïcode").write_bytes(bytes(range(256)) * 9)
    (root / ("long" * 40)).write_text("a name longer than tar's 100 characters\n")
    (root / "link").symlink_to("sub dir/ünïcode")
    return root


def archive(tmp_path, tree, name="out.tar.gz"):
    """Write a bundle of a tree as the app and one layer before it; returns its path and its members."""
    cache = tmp_path / "layers"
    cache.mkdir(exist_ok=True)
    layer = [pack.directory("python-1"), pack.file_of_bytes("python-1/python", b"x" * 5000)]
    app = pack.tree_members(tree, "app-v1/")
    head = pack.head_members("app-v1", {"FORMAT": 1}, [*layer, *app])
    layers.write_archive([head, layer, app], cache, tmp_path / name)
    return tmp_path / name, [*head, *layer, *app]


def test_every_reader_sees_every_member(tmp_path, tree):
    path, members = archive(tmp_path, tree)
    names = [member.path for member in members]
    with tarfile.open(path, "r:gz") as tar:
        assert tar.getnames() == names
    readers = [["tar"], ["busybox", "tar"], ["bsdtar"]]
    present = [reader for reader in readers if shutil.which(reader[0])]
    assert ["tar"] in present
    for number, reader in enumerate(present):
        directory = tmp_path / f"unpacked{number}"
        directory.mkdir()
        subprocess.run([*reader, "-xzf", path, "-C", directory], check=True)
        found = {str(found.relative_to(directory)) for found in directory.rglob("*")}
        assert found == set(names)


def test_the_same_files_give_the_same_bytes_whatever_their_times_and_rights(tmp_path, tree):
    first, _ = archive(tmp_path, tree)
    other = tmp_path / "other"
    shutil.copytree(tree, other, symlinks=True)
    for path in other.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
            os.utime(path, (1, 1))
    shutil.rmtree(tmp_path / "layers")
    second, _ = archive(tmp_path, other, "again.tar.gz")
    assert first.read_bytes() == second.read_bytes()


def test_owner_time_and_modes(tmp_path, tree):
    path, _ = archive(tmp_path, tree)
    with tarfile.open(path, "r:gz") as tar:
        members = tar.getmembers()
    assert {(member.uid, member.gid, member.uname, member.mtime) for member in members} == {(0, 0, "", 315532800)}
    modes = {member.name: member.mode for member in members}
    assert modes["app-v1/app.py"] == 0o444
    assert modes["app-v1/run.sh"] == 0o555
    assert modes["app-v1/sub dir"] == 0o755


def test_the_head_comes_first_and_tells_the_truth(tmp_path, tree):
    path, members = archive(tmp_path, tree)
    with tarfile.open(path, "r:gz") as tar:
        top = [tar.next().name for _ in range(4)]
        heads = {name: tar.extractfile(f"app-v1/{name}").read().decode() for name in ("BUNDLE", "MANIFEST")}
        manifest = heads["MANIFEST"].splitlines()
        seen = []
        for member in tar.getmembers():
            kind = "d" if member.isdir() else "l" if member.issym() else "f"
            arrow = f" -> {member.linkname}" if kind == "l" else ""
            seen.append(f"{kind} {member.mode:04o} {member.name}{arrow}")
        size = sum(member.size for member in tar.getmembers() if member.name not in top)
    assert top == ["app-v1", "app-v1/BUNDLE", "app-v1/SHA256SUMS", "app-v1/MANIFEST"]
    assert sorted(seen) == sorted(manifest)
    assert [line.split(" ", 2)[2] for line in manifest] == sorted(line.split(" ", 2)[2] for line in manifest)
    assert heads["BUNDLE"] == f"FORMAT=1\nUNPACKED_BYTES={size}\nMEMBERS={len(members)}\n"


def test_sha256sum_checks_every_file(tmp_path, tree):
    path, members = archive(tmp_path, tree)
    subprocess.run(["tar", "-xzf", path, "-C", tmp_path], check=True)
    check = ["sha256sum", "-c", "--strict", "app-v1/SHA256SUMS"]
    result = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    files = [member for member in members if member.kind == "f"]
    assert len(result.stdout.splitlines()) == len(files) - 1


@pytest.mark.parametrize("name", ["new\nline", "tab\t", "back\\slash", "a -> b", "-rf", "sub/-x", "del\x7f", b"\xff"])
def test_names_that_could_be_misread_are_refused(tmp_path, name):
    name = os.fsdecode(name)
    root = tmp_path / "tree"
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("")
    with pytest.raises(pack.UnsafeMember) as refusal:
        pack.tree_members(root, "app-v1/")
    assert repr(f"app-v1/{name}") in str(refusal.value)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "sub/../../outside", ".."])
def test_links_that_lead_out_are_refused(tmp_path, target):
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(pack.UnsafeMember, match="'app-v1/link': a link to"):
        pack.tree_members(tmp_path, "app-v1/")


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(pack.UnsafeMember, match="'app-v1/pipe': is neither a file, a directory nor a link"):
        pack.tree_members(tmp_path, "app-v1/")


def test_what_is_left_out_is_not_descended_into(tree):
    members = pack.tree_members(tree, "", lambda path: path.name == "sub dir")
    assert [member.path for member in members] == ["app.py", "link", "long" * 40, "run.sh"]


def test_the_content_digest_sees_contents_modes_and_links(tree):
    digests = [pack.content_digest(pack.tree_members(tree, ""))]
    (tree / "app.py").write_text("other\n")
    digests.append(pack.content_digest(pack.tree_members(tree, "")))
    (tree / "app.py").chmod(0o755)
    digests.append(pack.content_digest(pack.tree_members(tree, "")))
    (tree / "link").unlink()
    (tree / "link").symlink_to("app.py")
    digests.append(pack.content_digest(pack.tree_members(tree, "")))
    assert len(set(digests)) == 4
