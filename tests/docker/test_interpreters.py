"""Pythons on systems, compiled for real: each has every module that the table promises, and the pinned pip."""

import json
import re
from contextlib import contextmanager

import pytest

from lab.command import run
from lab.engine import require_base_image
from lab.project import generate

# (Debian, Python): the OpenSSL that it must come with. In the normal run, one that needs OpenSSL from source.
FROM_SOURCE = "OpenSSL 1.1.1w"
PAIRS = {("12", "2.7.18"): FROM_SOURCE}
MORE = {
    ("11", "2.7.18"): "OpenSSL 1.1.1",
    ("11", "3.9.2"): "OpenSSL 1.1.1",
    ("12", "3.11.2"): "OpenSSL 3.0",
    ("13", "2.7.18"): FROM_SOURCE,
    ("13", "3.13.5"): "OpenSSL 3.5",
    ("13", "3.14.7"): "OpenSSL 3.5",
}
ROWS = [pytest.param(*pair, PAIRS[pair]) for pair in PAIRS]
ROWS += [pytest.param(*pair, MORE[pair], marks=pytest.mark.full) for pair in MORE]
# Berkeley DB is among the packages of CentOS only, and Python 3 has no such module.
NOT_PROMISED = {"2": ["bsddb", "dbhash"], "3": []}
# Python 2.7 and 3: digests, a TLS context, a database on disk, a call into C, compression, what of the standard library
# cannot be imported, and who links what.
PROBE = r"""
import bz2, ctypes, hashlib, importlib, json, os, pkgutil, sqlite3, ssl, sys, tempfile, zlib
import _hashlib
assert hashlib.sha256(b"a").hexdigest().startswith("ca978112ca1b")
assert _hashlib.new("sha1", b"a").hexdigest().startswith("86f7e437faa5")
ssl.SSLContext(ssl.PROTOCOL_TLSv1_2).load_default_certs()
database = sqlite3.connect(os.path.join(tempfile.mkdtemp(), "db"))
assert database.execute("select 6 * 7").fetchone() == (42,)
assert ctypes.CDLL(None).abs(-3) == 3
assert zlib.decompress(bz2.decompress(bz2.compress(zlib.compress(b"a")))) == b"a"
names = ["gdbm", "cookielib"] if sys.version_info[0] == 2 else ["dbm.gnu", "lzma", "uuid", "asyncio", "venv"]
names += ["compression.zstd"] if sys.version_info >= (3, 14) else []
for name in names + ["curses.panel", "readline", "xml.etree.ElementTree"]:
    importlib.import_module(name)
library = os.path.dirname(os.__file__)
missing = []
for _, name, _ in pkgutil.iter_modules([library, os.path.join(library, "lib-dynload")]):
    try:
        importlib.import_module(name) if name not in ("antigravity", "_ios_support") else None
    except ImportError:
        missing.append(name)
mapped = [line.split()[5] for line in open("/proc/self/maps") if ".so" in line]
own = [path for path in mapped if path.startswith(sys.prefix)]
print(json.dumps({
    "version": sys.version.split()[0], "openssl": ssl.OPENSSL_VERSION,
    "missing": missing, "certificates": ssl.get_default_verify_paths().openssl_cafile,
    "shared": sorted({os.path.basename(path) for path in own if "libssl" in path or "libcrypto" in path}),
}))
"""
# Some modules print when they are imported.
RUN_PROBE = '"$python" -B -E -s -W ignore -c "$1" | tail -n 1'
# The app skeleton's own test, with its wheels.
OWN_TEST = """\
"$python" -B -m pip install --quiet --disable-pip-version-check --no-index --require-hashes --find-links wheels \
  --requirement wheels/installed.txt --target /tmp/site 2>/tmp/log || { cat /tmp/log; exit 1; }
PYTHONPATH=/tmp/site "$python" -B test.py 2>&1 | tail -n 1"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("project"))


@contextmanager
def only_row(project, debian, python):
    row = {"os": "debian", "version": debian, "bit": "64", "python": [python]}
    with project.changed("deploy/targets.json", json.dumps([row])):
        yield f"debian-{debian}-x86_64-py{python}"


@pytest.mark.parametrize("debian, python, openssl", ROWS)
def test_it_has_all_that_was_promised(project, engine, tmp_path, debian, python, openssl):
    require_base_image(f"debian:{debian}")
    with only_row(project, debian, python) as target:
        result = project.run("deploy/build_tarball.sh", "1", ENGINE="docker")
    assert result.returncode == 0, result.stdout + result.stderr
    bundle = project.root / f"dist/{target}"
    found = json.loads(in_container(engine, debian, bundle, RUN_PROBE, PROBE))
    assert (found["version"], found["missing"]) == (python, NOT_PROMISED[python[0]])
    assert found["openssl"].startswith(openssl)
    # From source it is inside of the extension modules; the system's travels with them.
    assert bool(found["shared"]) == (openssl != FROM_SOURCE)
    assert found["certificates"] in ("/etc/ssl/cert.pem", "/usr/lib/ssl/cert.pem")
    assert in_container(engine, debian, bundle, OWN_TEST) == "OK\n"
    assert byte_code_of_nothing(bundle / "app-v1.tar.gz") == []
    packages = run("tar", "-xzOf", bundle / "app-v1.tar.gz", "--wildcards", "*/lib/vendor/PACKAGES").stdout
    assert [line for line in packages.splitlines() if not re.fullmatch(r"\S+ deb \S+ \S+", line)] == []


def byte_code_of_nothing(tarball):
    """Byte code whose module is not there: a box that gets the .tar.xz could not make it."""
    names = set(run("tar", "-tzf", tarball).stdout.splitlines())
    modules = {name: re.sub(r"(__pycache__/)?([^/]*?)(\.cpython-\d+)?\.pyc$", r"\2.py", name) for name in names}
    return [name for name, module in modules.items() if name.endswith(".pyc") and module not in names]


def in_container(engine, debian, bundle, script, *arguments):
    """What a script prints where the bundle is unpacked, on the bare system without a network."""
    unpack = "mkdir /tmp/b && tar -xzf /bundle/app-v1.tar.gz -C /tmp/b && cd /tmp/b/app-v1"
    # Whole: Python 2.7 keeps the dots in sys.prefix.
    unpack += " && python=$(cd ../python-*/bin && pwd)/python"
    mount = {str(bundle): {"bind": "/bundle", "mode": "ro"}}
    command = ["env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", f"{unpack} && {script}", "sh", *arguments]
    return engine.containers.run(f"debian:{debian}", command, volumes=mount, network_mode="none", remove=True).decode()
