"""wheels/collect-libraries.sh with a stub for ldd: which libraries of a compiled wheel it copies, which are missing."""

import os
import subprocess
import sys
import zipfile

import pytest

from building import TEMPLATE

LDD = """#!/bin/sh
echo "	linux-vdso.so.1 (0x00007ffe)"
echo "	libown.so.1 => ${WORK}/fast.libs/libown.so.1 (0x00007f01)"
echo "	libpq.so.5 => ${SYSTEM}/libpq.so.5 (0x00007f02)"
[ -z "${MISSING:-}" ] || echo "	$MISSING => not found"
"""


@pytest.fixture
def collect(tmp_path):
    """Run it on one wheel with an extension module; returns the result and the names of what was copied."""
    for name in ("full/bin", "wheels", "work", "output", "system", "stubs"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "full/bin/python3.11").symlink_to(sys.executable)
    (tmp_path / "system/libpq.so.5").write_bytes(b"library")
    for name, text in {"ldd": LDD, "strip": "#!/bin/sh\n"}.items():
        (tmp_path / "stubs" / name).write_text(text)
        (tmp_path / "stubs" / name).chmod(0o755)
    with zipfile.ZipFile(tmp_path / "wheels/fast-1-cp311-cp311-linux_x86_64.whl", "w") as wheel:
        wheel.writestr("fast.so", b"\x7fELF")
        wheel.writestr("fast.py", "")

    def run(**variables):
        places = {name.upper(): str(tmp_path / name) for name in ("full", "wheels", "work", "output", "system")}
        environment = {"PATH": f"{tmp_path}/stubs:{os.environ['PATH']}", "SERIES": "3.11", **places, **variables}
        script = TEMPLATE / "wheels/collect-libraries.sh"
        result = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, timeout=60)
        return result, sorted(path.name for path in (tmp_path / "output").iterdir())

    return run


def test_the_system_s_libraries_are_copied_and_the_wheel_s_own_are_not(collect):
    result, copied = collect()
    assert (result.returncode, copied) == (0, ["libpq.so.5"]), result.stderr


def test_a_missing_library_is_named_with_what_to_do(collect):
    result, _ = collect(MISSING="libxslt.so.1")
    assert result.returncode == 70
    assert result.stderr == (
        "error: libxslt.so.1 is needed, but is not on this system; name its package in project/build-packages.txt\n"
    )
