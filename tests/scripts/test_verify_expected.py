"""The expected values of verify: read from a good bundle, refused from any that is damaged."""

import hashlib
from dataclasses import astuple

import pytest

from lab.command import run
from verifying import INTERPRETER, PROJECT, PYTHON, Bundle, load, pack, wheel

anchor = load(PROJECT / "tests/anchor.py")


@pytest.fixture
def read(tmp_path):
    """Write a bundle and read it again; `damage` changes the tarball or its sidecar in between."""

    def read(bundle, damage=lambda tarball: None):
        tarball = bundle.write(tmp_path)
        damage(tarball)
        return anchor.from_tarball(tarball)

    return read


def test_what_a_bundle_says(read):
    """The tarball has layers: a reader that stops after the first finds no list of wheels."""
    bundle = read(Bundle())
    assert (bundle.name, bundle.version, bundle.release) == ("app", "1", "app-v1")
    assert (bundle.python, bundle.interpreter) == (PYTHON, INTERPRETER)
    assert bundle.health_path == "/health"
    assert bundle.wheels == {"flask": "3.0.3", "zope-interface": "7.2"}
    assert bundle.hashes["app-v1/app.py"] == hashlib.sha256(b"app = None\n").hexdigest()
    assert astuple(bundle.members["app-v1/app.py"]) == ("f", 0o444, "")
    assert astuple(bundle.members["app-v1/wheels"]) == ("d", 0o755, "")
    assert bundle.members[INTERPRETER].mode == 0o555
    link = INTERPRETER.split("/bin/")[0] + "/bin/python"
    assert astuple(bundle.members[link]) == ("l", 0o777, INTERPRETER.split("/")[-1])
    assert bundle.templates["deploy/box/nginx.conf"] == (PROJECT / "deploy/box/nginx.conf").read_text()
    assert set(bundle.hashes) == {path for path, member in bundle.members.items() if member.kind == "f"}


def sidecar(tarball):
    return tarball.with_name(tarball.name + ".sha256")


def fit_sidecar(tarball):
    """Let the sidecar's first line fit the tarball again."""
    old = sidecar(tarball).read_text()
    sidecar(tarball).write_text(pack.file_sha256(tarball) + old[64:])


def flip_a_byte(tarball):
    data = bytearray(tarball.read_bytes())
    data[len(data) // 2] ^= 1
    tarball.write_bytes(bytes(data))


def truncate(tarball):
    tarball.write_bytes(tarball.read_bytes()[:300])
    fit_sidecar(tarball)


def replace_by_text(tarball):
    tarball.write_bytes(b"hello\n")
    fit_sidecar(tarball)


def change_second_line(tarball):
    first, second = sidecar(tarball).read_text().splitlines()
    sidecar(tarball).write_text(f"{first}\n{'0' * 64}{second[64:]}\n")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (flip_a_byte, "is not what its .sha256 says"),
        (truncate, "cannot be read"),
        (replace_by_text, "cannot be read"),
        (change_second_line, "SHA256SUMS is not what"),
        (lambda tarball: sidecar(tarball).unlink(), "cannot read .*sha256"),
        (lambda tarball: sidecar(tarball).write_text("nonsense\n"), "cannot read .*sha256"),
        (lambda tarball: sidecar(tarball).write_bytes(b"\xff"), "cannot read .*sha256"),
    ],
)
def test_a_damaged_bundle_is_refused(read, damage, reason):
    with pytest.raises(anchor.BadBundle, match=reason):
        read(Bundle(), damage)


def make_key(path):
    """A private key and, beside it, its public one; returns that."""
    run("openssl", "genrsa", "-out", path, "2048")
    run("openssl", "rsa", "-in", path, "-pubout", "-out", f"{path}.pub")
    return path.with_name(f"{path.name}.pub")


def test_where_a_key_is_given_the_sidecar_must_be_signed_by_it(tmp_path):
    tarball = Bundle().write(tmp_path)
    ours, others = make_key(tmp_path / "ours"), make_key(tmp_path / "others")
    signature = f"{sidecar(tarball)}.sig"
    with pytest.raises(anchor.BadBundle, match="RELEASE_KEY is set, and there is no .*sig$"):
        anchor.from_tarball(tarball, ours)
    assert anchor.from_tarball(tarball).anchor.endswith("without a signature")
    run("openssl", "dgst", "-sha256", "-sign", tmp_path / "ours", "-out", signature, sidecar(tarball))
    assert anchor.from_tarball(tarball, ours).anchor.endswith(f"signed by {ours} (sha256 {pack.file_sha256(ours)})")
    assert "a signature that was not checked" in anchor.from_tarball(tarball).anchor
    with pytest.raises(anchor.BadBundle, match="is not the signature of"):
        anchor.from_tarball(tarball, others)


@pytest.mark.parametrize(
    ("bundle", "reason"),
    [
        (Bundle(values={"FORMAT": "2"}), "FORMAT is 2"),
        (Bundle(values={"VERSION": "2"}), "its BUNDLE says app-v2"),
        (Bundle(values={"PYTHON_DIR": "python-3.1.0-000000000000"}), "holds no python-3.1.0-000000000000"),
        (Bundle(files={"wheels/installed.txt": None}), "holds no app-v1/wheels/installed.txt"),
        (Bundle(files={"wheels/installed.txt": b""}), "no wheel"),
        (Bundle(files={"wheels/installed.txt": b"Flask>=3\n"}), "not name==version"),
        (Bundle(rewritten={"BUNDLE": b"FORMAT=1\n"}), "'NAME'"),
        (Bundle(rewritten={"BUNDLE": b"no value\n"}), "cannot be understood"),
        (Bundle(rewritten={"MANIFEST": b"f 0444 app-v1/app.py\n"}), "different files"),
        (Bundle(rewritten={"SHA256SUMS": b""}), "SHA256SUMS is not what"),
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused(read, bundle, reason):
    with pytest.raises(anchor.BadBundle, match=reason):
        read(bundle)


def test_pip_names_its_own_scripts_after_the_python_that_it_installs_for():
    """Some apps bring pip as a wheel (see pip's own operations/install/wheel.py)."""
    entry_points = "[console_scripts]\npip = pip.main:main\npip3 = pip.main:main\npip3.9 = pip.main:main\n"
    pip = wheel("pip", "23.0", {"pip/main.py": "", "pip-23.0.dist-info/entry_points.txt": entry_points})
    environment = load(PROJECT / "tests/wheels.py").read_environment({"pip-23.0-py3-none-any.whl": pip}, PYTHON)
    assert set(environment.scripts) == {"bin/pip", "bin/pip3", f"bin/pip{PYTHON.rpartition('.')[0]}"}
