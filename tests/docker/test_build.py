"""make tarball for real: CPython and wheels out of a container or this machine, tried where there is neither."""

import hashlib
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

from lab.command import run, wait_until
from lab.project import environment
from unpacked import Unpacked

# Imports what a box may need, on a system that has nothing of it, and tells which libraries came from where.
PROBE = """
import importlib, os, sys
extensions = [path for path in sys.path if path.endswith("lib-dynload")][0]
names = {name.split(".")[0] for name in os.listdir(extensions)}
more = "asyncio ctypes curses dbm.gnu hashlib lzma multiprocessing readline sqlite3 ssl uuid venv xml.etree.ElementTree"
for name in sorted(names | set(more.split())):
    importlib.import_module(name)
mapped = {line.split()[5] for line in open("/proc/self/maps") if ".so" in line}
foreign = {os.path.basename(path).split(".so")[0] for path in mapped if not path.startswith(sys.prefix)}
print(len(names), *sorted(foreign))
"""
EVERY_SYSTEM_HAS = {"ld-linux-x86-64", "libc", "libm", "libgcc_s", "libpthread", "libdl", "libutil", "librt"}
BARE = ["env", "-i", "PATH=/usr/bin:/bin"]


def in_bare_container(engine, bundle, *command):
    """What a command prints on a Debian that has nothing installed, without a network, the bundle at /bundle."""
    mount = {str(bundle.directory): {"bind": "/bundle", "mode": "ro"}}
    options = {"volumes": mount, "network_mode": "none", "remove": True, "stderr": True}
    return engine.containers.run("debian:12", [*BARE, *command], **options).decode()


def test_the_head_describes_the_bundle(bundle):
    assert bundle.head["TARGET"] == "debian-12-x86_64-py3.11.2"
    assert (bundle.head["PYTHON"], bundle.head["ARCH"]) == ("3.11.2", "x86_64")
    assert re.fullmatch(r"python-3\.11\.2-[0-9a-f]{12}", bundle.head["PYTHON_DIR"])
    assert int(bundle.head["MEMBERS"]) == len(bundle.names)
    assert (bundle.directory / bundle.head["GLIBC_FILE"]).is_file()
    assert [name for name in bundle.names[:4] if "/" in name] == [
        f"{bundle.release.name}/{name}" for name in ("BUNDLE", "SHA256SUMS", "MANIFEST")
    ]


def test_every_file_has_its_checksum(bundle):
    run("sha256sum", "--check", "--strict", "--quiet", f"{bundle.release.name}/SHA256SUMS", cwd=bundle.directory)
    whole, inner = (bundle.tarball.with_name(f"{bundle.tarball.name}.sha256")).read_text().splitlines()
    assert whole == f"{hashlib.sha256(bundle.tarball.read_bytes()).hexdigest()}  {bundle.tarball.name}"
    sums = bundle.release / "SHA256SUMS"
    assert inner == f"{hashlib.sha256(sums.read_bytes()).hexdigest()}  {sums.relative_to(bundle.directory)}"


def test_the_interpreter_imports_everything_on_a_bare_system(engine, bundle):
    python = f"/bundle/{bundle.python.name}/bin/python3"
    count, *foreign = in_bare_container(engine, bundle, python, "-E", "-s", "-B", "-c", PROBE).split()
    assert int(count) > 50
    assert set(foreign) <= EVERY_SYSTEM_HAS


def test_every_library_is_the_bundle_s_own_or_one_that_every_system_has(engine, bundle):
    """The vendored libraries are seen as what loads them needs them: they find each other through that one's RPATH."""
    inside = f"/bundle/{bundle.python.name}"
    script = (
        f"find {inside}/bin {inside}/lib/python3.11 -type f '(' -name '*.so' -o -name 'python3.*' ')' -exec ldd {{}} +"
    )
    lines = [line.split() for line in in_bare_container(engine, bundle, "sh", "-c", script).splitlines()]
    needed = {(fields[0], fields[2]) for fields in lines if "=>" in fields}
    foreign = {name.split(".so")[0] for name, path in needed if not path.startswith(inside)}
    assert "libssl.so.3" in {name for name, _path in needed}
    assert foreign <= EVERY_SYSTEM_HAS


def test_the_app_s_own_test_passes_on_a_bare_system(engine, bundle):
    python, release = f"/bundle/{bundle.python.name}", f"/bundle/{bundle.release.name}"
    script = f"""set -e
{python}/bin/python3 -B -m venv --without-pip /tmp/venv
/tmp/venv/bin/python -B {python}/lib/python3.11/site-packages/pip install --quiet --no-index --require-hashes \
  --find-links {release}/wheels --requirement {release}/wheels/installed.txt
cd {release} && /tmp/venv/bin/python -B test.py"""
    assert "OK" in in_bare_container(engine, bundle, "sh", "-c", script)


def test_byte_code_is_shipped_and_never_compared_with_its_source(bundle):
    (code,) = bundle.python.glob("lib/python3.11/__pycache__/ssl.*.pyc")
    assert code.read_bytes()[4:8] == b"\1\0\0\0"  # PEP 552: hash-based, unchecked


def test_only_what_the_box_runs_is_shipped(bundle):
    assert sorted(path.name for path in (bundle.python / "bin").iterdir()) == ["python", "python3", "python3.11"]
    top = sorted(path.name for path in bundle.python.iterdir())
    packages = sorted(path.name for path in bundle.python.glob("lib/python3.11/site-packages/*"))
    assert top == ["bin", "lib"]
    assert [name for name in packages if "setuptools" in name or "pkg_resources" in name] == []
    assert bundle.tarball.stat().st_size < 25e6


def test_nothing_of_the_build_host_shows(bundle):
    places = {"offline-flask/interpreters", "/mnt/offline-flask"}
    for path in bundle.python.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            assert [place for place in places if place.encode() in content] == [], path


def test_building_again_is_quick_and_gives_the_same_bytes(project, docker_bundle):
    before = docker_bundle.tarball.read_bytes()
    begin = time.monotonic()
    again = project.build("1", ENGINE="docker")
    assert time.monotonic() - begin < 5
    assert again.read_bytes() == before


def test_a_change_of_the_app_compresses_the_app_alone(project, docker_bundle, tmp_path):
    before = layers()  # the interpreter's among them, which is large
    (project.root / "project/extra.txt").write_text(f"{uuid.uuid4()}\n")  # the cache has no layer with this
    try:
        changed = Unpacked(project.build("1", ENGINE="docker"), tmp_path)
    finally:
        (project.root / "project/extra.txt").unlink()
    new = [size for name, (_inode, size) in layers().items() if name not in before]
    assert max(new) < 1_000_000 < max(size for _inode, size in before.values()) and before.items() <= layers().items()
    assert changed.head["PYTHON_DIR"] == docker_bundle.head["PYTHON_DIR"]
    assert set(changed.names) - set(docker_bundle.names) == {"app-v1/extra.txt"}


def layers():
    directory = Path(environment().get("XDG_CACHE_HOME") or Path.home() / ".cache") / "offline-flask/layers"
    return {path.name: (path.stat().st_ino, path.stat().st_size) for path in directory.glob("*.layer")}


def test_sources_become_wheels_without_a_network(project, engine, tmp_path):
    """docopt has no wheel on the index and no pyproject.toml; itsdangerous says that it is built with flit."""
    requirements = "Flask\ngunicorn\ndocopt==0.6.2\n--no-binary itsdangerous\n"
    lock = project.root / "project/locks/py3.11.txt"
    kept = lock.read_text()
    with project.changed("project/requirements.txt", requirements):
        try:
            lock.unlink()
            bundle = Unpacked(project.build("sources", ENGINE="docker"), tmp_path)
            made = lock.read_text()
        finally:
            lock.write_text(kept)
    assert "docopt==0.6.2" in made
    wheels = {name.split("/")[-1].split("-")[0] for name in bundle.names if name.endswith(".whl")}
    assert {"docopt", "itsdangerous", "flask", "gunicorn"} <= wheels
    listed = (bundle.release / "wheels/installed.txt").read_text()
    for path in (bundle.release / "wheels").glob("*.whl"):
        assert f"--hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n" in listed


def test_a_lock_of_other_requirements_is_refused(project, docker_bundle):
    before = docker_bundle.tarball.read_bytes()
    with project.changed("project/requirements.txt", "Flask\ngunicorn\nrequests\n"):
        result = project.run("deploy/build_tarball.sh", "1", ENGINE="docker")
    assert result.returncode == 78
    assert "run `make lock`" in result.stderr
    assert docker_bundle.tarball.read_bytes() == before


def test_a_base_image_that_nobody_has_is_refused(project, engine):
    row = '{ "os": "debian", "version": "12", "bit": "64", "python": ["3.11.2"], "image": "offline-flask-none:1" }'
    with project.changed("deploy/targets.json", f"[{row}]"):
        result = project.run("deploy/build_tarball.sh", "2", ENGINE="docker")
    assert result.returncode == 69
    assert "the base image offline-flask-none:1 is not here and cannot be pulled" in result.stderr
    assert list(project.root.glob("dist/*/*-v2.tar.gz*")) == []


def test_an_interrupted_build_leaves_no_container_and_nothing_half_made(project, docker_bundle, engine, tmp_path):
    command = [project.root / "deploy/build_tarball.sh", "interrupted"]
    variables = environment(ENGINE="docker", XDG_CACHE_HOME=tmp_path)
    log = tmp_path / "log"
    with log.open("w") as output, subprocess.Popen(command, env=variables, stdout=output, stderr=output) as build:
        assert wait_until(lambda: "configuring CPython" in log.read_text(), 120), log.read_text()
        build.send_signal(signal.SIGTERM)
        assert build.wait(60) == 130
    assert log.read_text().endswith("error: interrupted; nothing half-made is left\n")
    assert [one.name for one in engine.containers.list(all=True) if str(tmp_path) in str(one.attrs["Mounts"])] == []
    assert list((tmp_path / "offline-flask/interpreters").glob("*")) == [
        path for path in (tmp_path / "offline-flask/interpreters").iterdir() if path.name.endswith(".lock")
    ]
    assert list(project.root.glob("dist/*/*interrupted*")) == []
