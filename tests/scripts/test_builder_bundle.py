"""What goes into a bundle, what its head says, and how it gets into dist/."""

import hashlib
import re
import shutil
import subprocess
import tarfile
import zlib
from pathlib import Path

import pytest

import building
from packing import SETTINGS, build, members, read, write

cache = building.part("builder.cache")
check = building.part("builder.check")
layers = building.part("layers")
output = building.part("builder.output")
requirements = building.part("builder.requirements")
sbom = building.part("builder.sbom")
settings = building.part("builder.settings")
tools = building.part("builder.tools")
wheels = building.part("builder.wheels")


def test_the_bundle_holds_what_the_box_needs_in_order(project, compiled, built):
    names = members(build(compiled, built).path)
    python = next(name for name in names if name.startswith("python-"))
    assert names == [
        *("app-v1", "app-v1/BUNDLE", "app-v1/SHA256SUMS", "app-v1/MANIFEST"),
        *(python, f"{python}/bin", f"{python}/bin/python", f"{python}/bin/python3.11"),
        *("app-v1/wheels", "app-v1/wheels/flask-3.0.3-py3-none-any.whl"),
        *("app-v1/wheels/gunicorn-23.0.0-py3-none-any.whl", "app-v1/wheels/installed.txt"),
        *("app-v1/app.py", "app-v1/deploy", "app-v1/deploy/activate.sh", "app-v1/deploy/box"),
        *("app-v1/deploy/box/systemd", "app-v1/deploy/box/systemd/app.service", "app-v1/deploy/release"),
        *("app-v1/deploy/release/__main__.py", "app-v1/deploy/sbom.cdx.json", "app-v1/deploy/setup.sh"),
        "app-v1/deploy/wheels",
        *("app-v1/deploy/wheels/supervisor-4.3.0-py2.py3-none-any.whl", "app-v1/requirements.txt"),
    ]


def test_the_head_and_the_sidecar(project, compiled, built):
    path = build(compiled, built).path
    names = members(path)
    known = building.part("builder.sources").checksums("cpython", "3.11.2")
    sources = " ".join(f"cpython-3.11.2={digest}" for digest in known)
    assert read(path, "app-v1/BUNDLE").splitlines() == [
        *("FORMAT=1", "NAME=app", "VERSION=1", "TARGET=debian-12-x86_64-py3.11.2", "ARCH=x86_64", "PYTHON=3.11.2"),
        *("PYTHON_ABI=cp311", f"PYTHON_DIR={names[4]}", "INTERPRETER=prebuilt"),
        *("GLIBC=0.0", "GLIBC_FILE=", "REVISION=none", "DIRTY=no", "ENGINE=host", "IMAGE=none", "SYSTEM=0123"),
        *("LOCKS=", f"SOURCES={sources}", f"ZLIB={zlib.ZLIB_RUNTIME_VERSION}", "APP_MODULE=app:app"),
        *("HEALTH_PATH=/health", f"UNPACKED_BYTES={unpacked(path)}", f"MEMBERS={len(names)}"),
    ]
    sums = hashlib.sha256(read(path, "app-v1/SHA256SUMS").encode()).hexdigest()
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    sidecar = path.with_name("app-v1.tar.gz.sha256").read_text()
    assert sidecar == f"{whole}  app-v1.tar.gz\n{sums}  app-v1/SHA256SUMS\n"


def unpacked(path):
    with tarfile.open(path, "r:gz") as tar:
        heads = {"app-v1/BUNDLE", "app-v1/SHA256SUMS", "app-v1/MANIFEST"}
        return sum(member.size for member in tar.getmembers() if member.name not in heads)


def test_building_again_gives_the_same_bytes(project, compiled, built, tmp_path):
    first = build(compiled, built).path.read_bytes()
    assert build(compiled, built).path.read_bytes() == first
    assert build(compiled, built, "2").path.read_bytes() != first


def test_what_is_the_developer_s_own_stays_home(project, compiled, built):
    for name in ("venv/bin/python", "instance/app.db", "locks/py3.11.txt", "__pycache__/a.pyc", "b.pyc", ".git/config"):
        write(project / "project" / name, "")
    for name in (".venv/bin/pip", ".env", ".pytest_cache/README.md", "sub/.ruff_cache/x"):
        write(project / "project" / name, "")
    (project / "project/.venv/bin/python").symlink_to("/usr/bin/python3")
    write(project / "project/sub/__pycache__/c.pyc", "")
    write(project / "project/sub/venv/kept", "")
    names = members(build(compiled, built).path)
    assert [name for name in names if "sub" in name] == ["app-v1/sub", "app-v1/sub/venv", "app-v1/sub/venv/kept"]
    left_out = ("instance", "locks", "pyc", ".git", "app-v1/venv", "/.")
    assert [name for name in names if any(word in name for word in left_out)] == []


def test_what_bundleignore_names_stays_home(project, compiled, built, monkeypatch):
    monkeypatch.setattr(tools, "make_libraries_importable", lambda: None)
    kept = ["docs/keep.md", "shop/data.csv"]
    for name in [*kept, "docs/a.md", "notes.md", "shop/tests/test_a.py", "data.csv"]:
        write(project / "project" / name, "")
    write(project / "project/.bundleignore", "# ours\n*.md\n!keep.md\ntests/\n/data.csv\n")
    names = [name.removeprefix("app-v1/") for name in members(build(compiled, built).path)]
    assert [name for name in names if re.search(r"\.md$|csv$|tests|ignore", name)] == kept


@pytest.mark.parametrize("name", ["wheels/a", "deploy/a", "BUNDLE", "SHA256SUMS", "MANIFEST", "venv", "instance"])
def test_names_that_a_release_needs_for_itself_are_refused(project, compiled, built, name):
    write(project / "project" / name, "")
    with pytest.raises(output.Failure, match=f"project/{name.split('/')[0]} would collide") as failure:
        build(compiled, built)
    assert failure.value.code == 78


def test_an_unsafe_name_is_refused_and_nothing_is_left_in_dist(project, compiled, built):
    write(project / "project/a\nb", "")
    with pytest.raises(output.Failure, match="cannot be packed: 'app-v1/a.nb'") as failure:
        build(compiled, built)
    assert failure.value.code == 78
    assert not (project / "dist").exists()


def test_a_link_to_elsewhere_is_refused_with_what_leaves_it_out(project, compiled, built):
    (project / "project/data").symlink_to("/srv/data")
    with pytest.raises(output.Failure, match="leads out of its directory; project/.bundleignore leaves out"):
        build(compiled, built)


def test_another_content_under_the_same_version_is_known(project, compiled, built):
    assert not build(compiled, built).replaces_another
    assert not build(compiled, built).replaces_another
    write(project / "project/app.py", "app = 2\n")
    assert build(compiled, built).replaces_another
    assert not build(compiled, built, "2").replaces_another


def test_a_signature_lasts_no_longer_than_what_it_signs(project, compiled, built, tmp_path, monkeypatch):
    key = tmp_path / "key"
    subprocess.run([building.TEMPLATE / "deploy/keygen.sh", key], check=True, capture_output=True)
    monkeypatch.setenv("SIGN_KEY", str(key))
    sidecar = Path(f"{build(compiled, built).path}.sha256")
    signature = Path(f"{sidecar}.sig")
    check = ["openssl", "dgst", "-sha256", "-verify", f"{key}.pub", "-signature", signature, sidecar]
    assert subprocess.run(check, capture_output=True).returncode == 0
    monkeypatch.delenv("SIGN_KEY")
    build(compiled, built)
    assert subprocess.run(check, capture_output=True).returncode == 0
    write(project / "project/app.py", "changed")
    build(compiled, built)
    assert not signature.exists()


def test_a_write_that_fails_leaves_the_old_tarball_alone(project, compiled, built, monkeypatch):
    path = build(compiled, built).path
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    write(project / "project/app.py", "changed")

    def full(parts, cache, output):
        Path(output).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layers, "write_archive", full)
    with pytest.raises(OSError):
        build(compiled, built)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def cached(directory):
    """A directory of a test as an entry of the cache."""
    return (
        cache.entry("interpreters", directory.name, lambda entry: shutil.copytree(directory, entry / "tree")) / "tree"
    )


def test_a_damaged_cache_gets_into_no_bundle(project, compiled, built):
    wheels = cached(built)
    first = build(compiled, wheels).path
    (wheels / "flask-3.0.3-py3-none-any.whl").write_text("flask-3.0.3-py3-none-ana.whl")
    for layer in cache.directory("layers").iterdir():
        layer.unlink()
    with pytest.raises(output.Failure, match="the cache is damaged: .*flask.* rm -rf .*interpreters/wheels") as failure:
        build(compiled, wheels, "2")
    assert failure.value.code == 69
    assert {path.name for path in first.parent.iterdir()} == {"app-v1.tar.gz", "app-v1.tar.gz.sha256"}


def test_where_nothing_has_changed_nothing_is_written(project, compiled, built):
    first = build(compiled, built)
    stamp = first.path.stat()
    again = build(compiled, built)
    assert (first.was_there, again.was_there) == (False, True)
    assert again.path.stat() == stamp


def flipped(path):
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])


MEDDLING = {
    "the tarball": flipped,
    "its sidecar": lambda path: flipped(path.with_name(f"{path.name}.sha256")),
    "no sidecar": lambda path: path.with_name(f"{path.name}.sha256").unlink(),
    "no tarball": Path.unlink,
}


@pytest.mark.parametrize("what", MEDDLING)
def test_what_somebody_changed_in_dist_is_built_again(project, compiled, built, what):
    path = build(compiled, built).path
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    MEDDLING[what](path)
    assert not build(compiled, built).was_there
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_an_unchanged_bundle_is_signed_when_that_is_wanted_later(project, compiled, built, tmp_path, monkeypatch):
    path = build(compiled, built).path
    key = tmp_path / "key"
    subprocess.run([building.TEMPLATE / "deploy/keygen.sh", key], check=True, capture_output=True)
    monkeypatch.setenv("SIGN_KEY", str(key))
    assert build(compiled, built).was_there
    signature, sidecar = (path.with_name(f"{path.name}{ending}") for ending in (".sha256.sig", ".sha256"))
    check = ["openssl", "dgst", "-sha256", "-verify", f"{key}.pub", "-signature", signature, sidecar]
    assert subprocess.run(check, capture_output=True).returncode == 0


def test_the_interpreter_is_named_by_its_content(project, compiled, built):
    first = members(build(compiled, built).path)[4]
    other = Path(shutil.copytree(compiled.shipped, compiled.shipped.with_name("other"), symlinks=True))
    (other / "bin/python3.11").write_text("#!/bin/bash\n")
    assert members(build(compiled._replace(shipped=other), built).path)[4] != first


def test_a_bundle_says_how_it_is_served(project, compiled, built):
    write(project / "project/shop/static/a.css", "")
    chosen = SETTINGS._replace(worker_class="gevent", static_url="/static/", static_dir="shop/static")
    lines = read(build(compiled, built, settings=chosen).path, "app-v1/BUNDLE").splitlines()
    assert {"WORKER_CLASS=gevent", "STATIC_URL=/static/", "STATIC_DIR=shop/static"} < set(lines)
    assert not any(line.startswith("REQUIREMENTS") for line in lines)


def test_a_static_directory_that_is_not_shipped_is_refused(project, compiled, built):
    with pytest.raises(output.Failure, match="STATIC_DIR: there is no project/static") as failure:
        build(compiled, built, settings=SETTINGS._replace(static_url="/static/", static_dir="static"))
    assert failure.value.code == 78
