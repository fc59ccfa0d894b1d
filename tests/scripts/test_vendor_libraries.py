"""wheels/vendor-libraries.sh with stubs for ldd, dpkg-query and rpm: what it copies, and of which package that is."""

import os
import subprocess

import pytest

from building import TEMPLATE

LDD = """#!/bin/sh
echo "	libc.so.6 => $SYSTEM/lib/libc.so.6 (0x00007f01)"
echo "	libreadline.so.8 => $SYSTEM/lib/libreadline.so.8 (0x00007f02)"
"""
# As Debian 13 answers for the place before /usr was merged, and for that after it.
DPKG_QUERY = """#!/bin/sh
case "$1 $2" in
  "--search $SYSTEM/lib/libreadline.so.8")
    echo "diversion by libreadline8t64 from: $2"
    echo "diversion by libreadline8t64 to: $2.usr-is-merged" ;;
  "--search $SYSTEM/usr/lib/libreadline.so.8") echo "libreadline8t64:amd64: $2" ;;
  --show*) [ "$3" = libreadline8t64:amd64 ] && echo "deb libreadline8t64 8.2-6" ;;
  *) exit 1 ;;
esac
"""
RPM = """#!/bin/sh
[ "$1" = -qf ] && [ "$4" = "$SYSTEM/lib/libreadline.so.8" ] && printf 'rpm readline 8.1-4.el9'
"""


@pytest.fixture
def vendor(tmp_path):
    """Run it with some stubs; returns what is in PACKAGES and the names of what was copied."""
    for name in ("shipped/bin", "system/usr/lib", "stubs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "system/lib").symlink_to("usr/lib")
    (tmp_path / "system/usr/lib/libreadline.so.8").write_bytes(b"library")
    (tmp_path / "shipped/bin/python3.13").write_bytes(b"python")

    def run(**stubs):
        stubs = {"ldd": LDD, "strip": "#!/bin/sh\n", "dpkg-query": "#!/bin/false\n", "rpm": "#!/bin/false\n", **stubs}
        for name, text in stubs.items():
            (tmp_path / "stubs" / name).write_text(text)
            (tmp_path / "stubs" / name).chmod(0o755)
        places = {name.upper(): str(tmp_path / name) for name in ("shipped", "system")}
        environment = {"PATH": f"{tmp_path}/stubs:{os.environ['PATH']}", **places}
        subprocess.run(["bash", TEMPLATE / "wheels/vendor-libraries.sh"], env=environment, check=True, timeout=60)
        copied = sorted(path.name for path in (tmp_path / "shipped/lib/vendor").iterdir())
        return (tmp_path / "shipped/lib/vendor/PACKAGES").read_text(), copied

    return run


@pytest.mark.parametrize(
    ("stubs", "packages"),
    [
        ({"dpkg-query": DPKG_QUERY}, "libreadline.so.8 deb libreadline8t64 8.2-6\n"),
        ({"rpm": RPM}, "libreadline.so.8 rpm readline 8.1-4.el9\n"),
        ({}, "libreadline.so.8 unknown\n"),
    ],
    ids=["Debian", "Red Hat", "none knows it"],
)
def test_what_not_every_system_has_is_copied_and_its_package_noted(vendor, stubs, packages):
    assert vendor(**stubs) == (packages, ["PACKAGES", "libreadline.so.8"])
