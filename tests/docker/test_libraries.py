"""Libraries from source, which only old CentOS asks for: their scripts compile them on Debian, as they would there."""

import json
import os
import subprocess

import pytest

import building
from lab.command import run
from lab.engine import require_base_image
from lab.skip import Unavailable

choice = building.part("builder.choice")
interpreter = building.part("builder.interpreter")
libraries = building.part("builder.libraries")
output = building.part("builder.output")
pairs = building.part("builder.pairs")
sources = building.part("builder.sources")
targets = building.part("builder.targets")

# Library, version: a file of its headers, its archive, and a function in that.
LIBRARIES = {
    ("libffi", "3.3"): ("ffi.h", "libffi.a", "ffi_call"),
    ("sqlite", "3440200"): ("sqlite3.h", "libsqlite3.a", "sqlite3_open_v2"),
    ("xz", "5.2.5"): ("lzma.h", "liblzma.a", "lzma_code"),
}
OPENSSL = ("openssl", "1.1.1w")
TARGET = targets.Target("debian", "11", "x86_64", "3.9.2")
# What the libraries do and say of themselves inside of a CPython, and which of the system's it maps in their place.
PROBE = """
import ctypes, json, lzma, sqlite3, ssl
assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda number: number + 1)(41) == 42
assert lzma.decompress(lzma.compress(b"a")) == b"a"
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
names = ("libffi", "liblzma", "libsqlite3", "libssl", "libcrypto")
mapped = [line for line in open("/proc/self/maps") if any(f"/{name}" in line for name in names)]
print(json.dumps([sqlite3.sqlite_version, ssl.OPENSSL_VERSION[:14], mapped]))
"""


@pytest.fixture(scope="module")
def docker():
    require_base_image("debian:11")
    docker = choice.make("docker", TARGET)
    docker.prepare()
    return docker


def require_source(name, version):
    """The source of a library, from the cache or from where wheels/sources.json says. Raises Unavailable."""
    try:
        sources.tarball(name, version)
    except output.Failure as failure:
        if failure.code != output.UNAVAILABLE:
            raise
        raise Unavailable(str(failure)) from failure


@pytest.mark.full
@pytest.mark.parametrize("name, version", LIBRARIES)
def test_it_is_compiled_as_a_static_library_that_extension_modules_can_take_in(docker, name, version):
    require_source(name, version)
    made = libraries.build(docker, name, version)
    header, archive, function = LIBRARIES[name, version]
    assert (made / "include" / header).is_file()
    assert [path.name for path in (made / "lib").iterdir()] == [archive]
    assert f" T {function}\n" in run("nm", made / "lib" / archive).stdout
    assert absolute_relocations(made / "lib" / archive) == []


def absolute_relocations(archive):
    """The sections with a relocation that only an executable can have (x86-64 psABI), those for debuggers apart."""
    found, section = [], ""
    for line in run("readelf", "--relocs", "--wide", archive).stdout.splitlines():
        section = line if line.startswith("Relocation section") else section
        if " R_X86_64_32 " in line and ".rela.debug" not in section:
            found.append(section)
    return found


@pytest.mark.full
def test_a_whole_python_takes_all_of_them_in(docker, monkeypatch):
    """As on CentOS 5, whose row names the same libraries, with the OpenSSL that Debian can compile."""
    wanted = (*LIBRARIES, OPENSSL)
    for library in wanted:
        require_source(*library)
    monkeypatch.setattr(pairs, "of_target", lambda _target: pairs.Pair(libraries=wanted))
    made = interpreter.build(docker, TARGET)
    vendored = (made.shipped / "lib/vendor/PACKAGES").read_text()
    assert not [name for name in ("ffi", "lzma", "sqlite", "ssl", "crypto") if f"lib{name}" in vendored]
    command = [made.shipped / "bin/python", "-B", "-E", "-s", "-c", PROBE]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={"PATH": os.defpath}, timeout=60)
    assert json.loads(found.stdout) == ["3.44.2", "OpenSSL 1.1.1w", []]
