"""Releases that are signed, boxes that take no others; the openssl is the real one."""

import subprocess

import pytest

import building
from box_home import account, contents, run
from handmade import Bundle

pytestmark = pytest.mark.slow

output = building.part("builder.output")
signing = building.part("builder.signing")
KEYGEN = building.TEMPLATE / "deploy/keygen.sh"
SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]


def keygen(path):
    return subprocess.run([KEYGEN, path], capture_output=True, text=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two release keys, ours and another's."""
    directory = tmp_path_factory.mktemp("keys")
    for name in ("ours", "another"):
        assert keygen(directory / name).returncode == 0
    return directory


def sign(tarball, key, monkeypatch):
    sidecar = tarball.with_name(f"{tarball.name}.sha256")
    monkeypatch.setenv("SIGN_KEY", str(key))
    signing.check_key()
    signing.sign(sidecar, sidecar.with_name(f"{sidecar.name}.sig"))


def trust(home, text):
    (home / "state").mkdir()
    (home / "state").chmod(0o777)
    (home / "state/release-key.pem").write_text(text)


@pytest.fixture
def signed(home, keys, monkeypatch):
    """A signed bundle, on a box that trusts its signer."""
    tarball = Bundle().write(home)
    sign(tarball, keys / "ours", monkeypatch)
    trust(home, (keys / "ours.pub").read_text())
    return tarball


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_signed_bundle_is_installed_and_its_signature_kept(home, signed, shell):
    result = run(home, shell=shell)
    assert result.returncode == 0, result.stderr
    assert "signed by the key that this box trusts" in result.stdout
    names = {path.name for path in (home / "state/bundles").iterdir()}
    assert names == {"app-v1.tar.gz.sha256", "app-v1.tar.gz.sha256.sig"}


def beside(tarball, ending):
    return tarball.with_name(tarball.name + ending)


def take_another_signature(tarball, keys, monkeypatch):
    sign(tarball, keys / "another", monkeypatch)


def change_the_sidecar(tarball, *_):
    with beside(tarball, ".sha256").open("a") as sidecar:
        sidecar.write("\n")


def flip_a_byte(tarball, *_):
    data = bytearray(tarball.read_bytes())
    data[len(data) // 2] ^= 1
    tarball.write_bytes(data)


def replay_an_older_release(tarball, keys, monkeypatch):
    """All three files are genuine, but of another version than their names say."""
    old = Bundle(version="0").write(tarball.parent)
    sign(old, keys / "ours", monkeypatch)
    for ending in (".sha256", ".sha256.sig"):
        beside(old, ending).replace(beside(tarball, ending))
    old.unlink()


def put_something_else_there(tarball, *_):
    """What it says would be answered differently, if it were read."""
    Bundle(values={"FORMAT": "2"}).write(tarball.parent)
    tarball.with_name(f"{tarball.name}.sha256.sig").write_bytes(b"no signature")


def swell(name):
    """A file that is read whole must not be as long as its sender likes."""
    return lambda tarball, *_: beside(tarball, name).write_bytes(bytes(20000))


FORGERIES = {
    "without signature": (lambda tarball, *_: beside(tarball, ".sha256.sig").unlink(), "takes signed bundles only"),
    "without sidecar": (lambda tarball, *_: beside(tarball, ".sha256").unlink(), "takes signed bundles only"),
    "empty signature": (lambda tarball, *_: beside(tarball, ".sha256.sig").write_bytes(b""), "is not the signature"),
    "by another key": (take_another_signature, "is not the signature"),
    "sidecar changed": (change_the_sidecar, "is not the signature"),
    "tarball changed": (flip_a_byte, "is not what"),
    "another version's": (replay_an_older_release, "is not what"),
    "something else": (put_something_else_there, "is not the signature"),
    "long sidecar": (swell(".sha256"), "is longer than such a file can be"),
    "long signature": (swell(".sha256.sig"), "is longer than such a file can be"),
}


@pytest.mark.parametrize(("forge", "message"), FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused_before_anything_of_it_is_read(home, signed, keys, monkeypatch, forge, message):
    """FAULTS 6."""
    forge(signed, keys, monkeypatch)
    before = contents(home)
    result = run(home)
    assert result.returncode == 65, result.stdout + result.stderr
    assert message in result.stderr
    assert contents(home) == before


def test_a_check_needs_no_signature_but_refuses_a_wrong_one(home, signed, keys, monkeypatch):
    check = ("--check", "1", account().pw_name)
    assert "signed by the key" in run(home, *check).stdout
    take_another_signature(signed, keys, monkeypatch)
    assert run(home, *check).returncode == 65
    beside(signed, ".sha256").unlink()
    assert "takes signed bundles only" in run(home, *check).stdout


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_key_that_is_none_does_not_count_as_no_key(home, text):
    Bundle().write(home)
    trust(home, text)
    result = run(home)
    assert result.returncode == 78
    assert "is not an RSA public key in PEM" in result.stderr


def test_a_link_to_nowhere_does_not_count_as_no_key(home):
    Bundle().write(home)
    (home / "state").mkdir()
    (home / "state/release-key.pem").symlink_to("gone")
    assert run(home).returncode == 78


def test_keys_are_secret_and_never_overwritten(keys):
    assert (keys / "ours").stat().st_mode & 0o777 == 0o600
    private = (keys / "ours").read_bytes()
    again = keygen(keys / "ours")
    assert (again.returncode, (keys / "ours").read_bytes()) == (64, private)
    assert "is there already" in again.stderr
    assert keygen("").returncode == 64
    assert keygen("/dev/null/key").returncode == 73


def test_a_key_s_directory_is_made_for_its_owner_alone(tmp_path):
    assert keygen(tmp_path / "keys/app.pem").returncode == 0
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("key", "message"),
    [("gone", "is no file"), ("ours.pub", "is not a private RSA key"), ("short", "is shorter than 2048")],
)
def test_a_key_that_cannot_sign_is_refused_before_the_build(keys, tmp_path, monkeypatch, key, message):
    subprocess.run(["openssl", "genrsa", "-out", keys / "short", "1024"], check=True, capture_output=True)
    monkeypatch.setenv("SIGN_KEY", str(keys / key))
    with pytest.raises(output.Failure, match=message) as failure:
        signing.check_key()
    assert failure.value.code == 78
