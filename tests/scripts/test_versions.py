"""deploy/versions.py and deploy/elf.py: names of releases, glibc floors, and wheels that fit a target."""

import io
import struct
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given, settings, strategies
from packaging import tags

import building

elf = building.part("elf")
versions = building.part("versions")
wheel_tags = building.part("wheel_tags")
SCRIPT = building.TEMPLATE / "deploy/versions.py"


def elf_file(names, wide=True):
    """Return the bytes of a library that needs these symbol versions: one .gnu.version_r and its strings."""
    strings = b"\0libc.so.6\0" + b"".join(name.encode() + b"\0" for name in names)
    offsets = [strings.index(b"\0" + name.encode() + b"\0") + 1 for name in names]
    auxiliaries = b"".join(
        struct.pack("<IHHII", 0, 0, 2, offset, 16 if number < len(names) else 0)
        for number, offset in enumerate(offsets, 1)
    )
    needs = struct.pack("<HHIII", 1, len(names), 1, 16, 0) + auxiliaries
    start = 64 if wide else 52
    table = start + len(strings) + len(needs)
    header = bytearray(start)
    header[:6] = elf.MAGIC + (b"\2\1" if wide else b"\1\1")
    struct.pack_into("<Q" if wide else "<I", header, 40 if wide else 32, table)
    struct.pack_into("<HH", header, 58 if wide else 46, 64 if wide else 40, 3)
    layout = "<IIQQQQIIQQ" if wide else "<10I"

    def section(kind, offset, size, link, info):
        return struct.pack(layout, 0, kind, 0, 0, offset, size, link, info, 0, 0)

    sections = section(0, 0, 0, 0, 0) + section(3, start, len(strings), 0, 0)
    sections += section(elf.VERSION_NEEDS, start + len(strings), len(needs), 1, 1)
    return bytes(header) + strings + needs + sections


def glibc(data):
    return versions.stream_glibc(io.BytesIO(data))


@pytest.mark.parametrize("version", ["20180119", "1.2.3", "v-1_x", "a", "a" * 64])
def test_names_of_releases(version):
    assert versions.is_version(version)


@pytest.mark.parametrize("version", ["", ".", "-1", "_1", "a b", "a/b", "1\n", "a" * 65, "é", "$(id)", "../1"])
def test_names_that_are_none(version):
    assert not versions.is_version(version)


@pytest.mark.parametrize("wide", [True, False], ids=["64 bit", "32 bit"])
def test_the_floor_is_the_newest_version_and_compares_as_numbers(wide):
    assert glibc(elf_file(["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.2.5"], wide)) == (2, 34)


def test_private_versions_and_other_libraries_say_nothing():
    assert glibc(elf_file(["GLIBC_PRIVATE", "GLIBCXX_3.4.30", "OPENSSL_3.0.0"])) == ()


def test_packed_relocations_need_the_glibc_that_reads_them():
    assert glibc(elf_file(["GLIBC_2.34", "GLIBC_ABI_DT_RELR"])) == (2, 36)


def test_a_damaged_file_needs_nothing():
    whole = elf_file(["GLIBC_2.34"])
    unread = 16  # the last section header ends with its alignment and the size of its entries
    for length in range(len(whole) - unread):
        assert elf.needed_versions(io.BytesIO(whole[:length])) == []
    assert elf.needed_versions(io.BytesIO(whole[:5] + b"\2" + whole[6:])) == []


def test_the_floor_of_a_real_program_is_what_its_bytes_name():
    """An independent reader: every version string in the file, of which the floor must be one."""
    with open("/bin/ls", "rb") as stream:
        data = stream.read()
    (major, minor, *rest) = glibc(data)
    assert b"GLIBC_" + ".".join(map(str, [major, minor, *rest])).encode() + b"\0" in data


def test_the_floor_looks_into_wheels_and_names_the_file(tmp_path):
    (tmp_path / "old.so").write_bytes(elf_file(["GLIBC_2.5"]))
    (tmp_path / "text").write_text("GLIBC_2.99")
    with zipfile.ZipFile(tmp_path / "a-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("a/b.so", elf_file(["GLIBC_2.17"]))
    result = subprocess.run([sys.executable, SCRIPT, "floor", tmp_path], capture_output=True, text=True)
    assert result.stdout == f"2.17 {tmp_path}/a-1-py3-none-any.whl\n"


def test_a_wheel_that_is_no_zip_file_has_no_floor(tmp_path):
    path = tmp_path / "a-1-py3-none-any.whl"
    path.write_text("no zip")
    assert versions.file_glibc(path) == ()


def platforms(arch, minor):
    older = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
    for number in range(minor, 4, -1):
        yield f"manylinux_2_{number}_{arch}"
        if number in older:
            yield f"{older[number]}_{arch}"
    yield f"linux_{arch}"


def accepted(python, abi, arch, minor):
    """What the library `packaging`, which pip is built on, accepts: an independent judge."""
    names = list(platforms(arch, minor))
    interpreter = f"cp{python[0]}{python[1]}"
    found = set(tags.cpython_tags(python[:2], abis=[abi], platforms=names))
    return {str(tag) for tag in found | set(tags.compatible_tags(python[:2], interpreter, names))}


PYTHON_TAGS = ("py2", "py3", "py27", "py38", "py312", "cp38", "cp311", "cp312", "cp3", "pp311", "cp27", "cp36", "cp2")
ABI_TAGS = ("none", "abi3", "cp311", "cp312", "cp27mu", "cp27m", "cp36m", "cp38")
PLATFORM_TAGS = (
    *("any", "linux_x86_64", "linux_aarch64", "manylinux1_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64"),
    *("manylinux_2_36_x86_64", "manylinux_2_39_x86_64", "manylinux_2_28_aarch64", "musllinux_1_2_x86_64", "win_amd64"),
)


def some(values):
    return strategies.lists(strategies.sampled_from(values), min_size=1, max_size=3, unique=True).map(".".join)


@given(
    strategies.sampled_from([(3, 11, 2), (3, 12, 0), (2, 7, 18), (3, 8, 1), (3, 6, 15)]),
    strategies.booleans(),
    strategies.sampled_from([5, 12, 17, 28, 36]),
    strategies.tuples(some(PYTHON_TAGS), some(ABI_TAGS), some(PLATFORM_TAGS)).map("-".join),
)
@settings(max_examples=1000, deadline=None)
def test_wheels_fit_where_pip_would_take_them(python, narrow, minor, tag):
    """With narrow Unicode Python 2 has another ABI, for which few wheels are built."""
    abi = "cp27m" if narrow and python < (3,) else wheel_tags.usual_abi(python)
    takes = accepted(python, abi, "x86_64", minor)
    expected = any(str(part) in takes for part in tags.parse_tag(tag))
    problems = wheel_tags.wheel_problems(f"a-1-{tag}.whl", python, abi, "x86_64", (2, minor))
    assert (problems == []) == expected, problems


@pytest.mark.parametrize("python, abi", [((2, 7, 18), "cp27mu"), ((3, 7, 1), "cp37m"), ((3, 8, 0), "cp38")])
def test_the_usual_abi(python, abi):
    assert wheel_tags.usual_abi(python) == abi


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)


def test_what_does_not_fit_or_is_missing_is_named(tmp_path):
    for name in ("a-1-cp312-cp312-linux_x86_64.whl", "b-1-py3-none-win_amd64.whl", "c-1-py3-none-any.whl"):
        (tmp_path / name).touch()
    (tmp_path / "lock.txt").write_text("B==1.0 \\\n    --hash=sha256:0\nc[x]==2\nD_d==3 ; python_version > '3'\n")
    arguments = ["--python", "3.11.2", "--arch", "x86_64", "--glibc", "2.36", "--lock", tmp_path / "lock.txt"]
    result = run("wheels", tmp_path, *arguments)
    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        "error: a-1-cp312-cp312-linux_x86_64.whl: is not for Python 3.11.2 with ABI cp311",
        "error: b-1-py3-none-win_amd64.whl: is not for x86_64 with glibc 2.36",
        "error: c==2 of the lock has no wheel",
        "error: d-d==3 of the lock has no wheel",
    ]


def test_a_file_that_is_no_wheel_is_named():
    problems = wheel_tags.wheel_problems("bad.whl", (3, 11, 2), "cp311", "x86_64", (2, 36))
    assert problems == ["bad.whl: not a wheel's file name"]


@pytest.mark.parametrize("first, second", [("1.0", "1.0.0"), ("1.0-rc1", "1.0rc1"), ("2018.05", "2018.5")])
def test_versions_are_compared_by_their_numbers(first, second):
    assert wheel_tags.same_version(first, second)
    assert not wheel_tags.same_version(first, second + ".1")


def test_floors_of_each_file(tmp_path):
    (tmp_path / "a.so").write_bytes(elf_file(["GLIBC_2.5"]))
    (tmp_path / "b.so").write_bytes(elf_file(["GLIBC_2.17"]))
    (tmp_path / "text").write_text("GLIBC_2.99")
    assert run("floor", "--each", tmp_path).stdout == f"2.5 {tmp_path}/a.so\n2.17 {tmp_path}/b.so\n"


@pytest.mark.parametrize(
    "description, python, code",
    [("3.11.2 cp311", "3.11.2", 0), ("3.11.3 cp311", "3.11.2", 78), ("2.7.18 cp27m", "2.7.18", 78), ("", "3.11.2", 78)],
)
def test_an_interpreter_is_the_wanted_one(description, python, code):
    result = run("interpreter", description, "--python", python)
    assert (result.returncode, "the interpreter is" in result.stderr) == (code, code == 78)


@pytest.mark.parametrize("arguments, code", [(["version", "1"], 0), (["version", "a b"], 78), ([], 64), (["x"], 64)])
def test_exit_codes(arguments, code):
    assert run(*arguments).returncode == code
