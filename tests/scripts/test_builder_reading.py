"""make inspect and make diff: what people are told of bundles, and that damaged or absent ones are refused."""

import hashlib
import shutil
import subprocess

import pytest

import building
from packing import build, write

pytestmark = pytest.mark.slow

comparison = building.part("builder.comparison")
inspection = building.part("builder.inspection")
reading = building.part("builder.reading")
wheels = building.part("builder.wheels")


@pytest.fixture
def first(project, compiled, built):
    write(project / "project/static/page.css", "style " * 9000)
    return build(compiled, built).path


@pytest.fixture
def copy(tmp_path):
    """A project with another directory than the builder's in this process."""
    where = tmp_path / "where"
    where.mkdir()
    return building.Project(where)


@pytest.fixture
def tool(first, copy):
    """Runs a script of a project whose dist/ has the bundles that the builder made in this test."""

    def run(script, *arguments, **environment):
        shutil.copytree(first.parents[1], copy.root / "dist", dirs_exist_ok=True)
        return copy.run("bash", copy.root / "deploy" / script, *arguments, **environment)

    return run


def test_layers_have_the_sizes_that_add_up_to_the_tarball(first):
    head = reading.head_of(first)
    found = {layer.name: layer for layer in inspection.layers_of(first, head)}
    assert list(found) == ["head", "interpreter", "wheels", "app"]
    assert sum(layer.packed for layer in found.values()) == first.stat().st_size
    lists = sum(len(text.encode()) for text in head)
    assert sum(layer.unpacked for layer in found.values()) == int(head.values["UNPACKED_BYTES"]) + lists
    assert sum(layer.files for layer in found.values()) == len(head.digests) + 1
    assert found["head"].files == 3 and found["wheels"].files == 3
    assert found["app"].unpacked > 54_000 > 10 * found["app"].packed


def test_inspect_tells_all_of_it(first, tool):
    result = tool("inspect.sh", "1")
    assert result.returncode == 0, result.stderr
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "==> app-v1 for debian-12-x86_64-py3.11.2"
    assert lines[2].startswith("sha256 ") and lines[2].endswith(", not signed")
    assert {"TARGET debian-12-x86_64-py3.11.2", "PYTHON 3.11.2", "HEALTH_PATH /health"} <= set(lines)
    at = lines.index("==> wheels: 2")
    assert lines[at + 1 : at + 3] == ["flask 3.0.3", "gunicorn 23.0.0"]
    assert lines[-1] == "any glibc on x86_64"


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(tool, copy):
    assert tool("inspect.sh", "1").returncode == 0
    script = 'set -o pipefail; bash "$0" 1 | true'  # /bin/true reads nothing
    result = copy.run("bash", "-c", script, copy.root / "deploy/inspect.sh")
    assert (result.returncode, result.stderr) == (141, "")


def test_diff_of_the_same_says_so(first, tool, compiled, built):
    build(compiled, built, "2")
    result = tool("diff.sh", "1", "2")
    sums = [hashlib.sha256((first.parent / f"app-v{version}.tar.gz").read_bytes()).hexdigest() for version in "12"]
    assert result.stdout.splitlines() == [
        "==> app-v1 -> app-v2 for debian-12-x86_64-py3.11.2",
        f"    app-v1.tar.gz: sha256 {sums[0]}, not signed",
        f"    app-v2.tar.gz: sha256 {sums[1]}, not signed",
        "==> BUNDLE: 1",
        "    ~ VERSION 1 -> 2",
        "==> interpreter: the same",
        "==> wheels: the same",
        "==> files of the release, wheels apart: the same",
    ]


def sections(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("==> "):
            lines = found[line[4:].partition(":")[0]] = []
        else:
            lines.append(line.strip())
    return found


def test_diff_names_every_change(first, tool, project, compiled, built):
    write(project / "project/app.py", "changed")
    write(project / "project/new dir/new.py", "new")
    (project / "project/static/page.css").unlink()
    (project / "deploy/setup.sh").chmod(0o755)
    write(built / "jinja2-3.1.6-py3-none-any.whl", "jinja2")
    (built / "flask-3.0.3-py3-none-any.whl").rename(built / "flask-3.1.0-py3-none-any.whl")
    write(built / "gunicorn-23.0.0-py3-none-any.whl", "another build of it")
    other = shutil.copytree(compiled.shipped, compiled.shipped.with_name("other"), symlinks=True)
    write(other / "lib/os.py", "os")
    # As an entry of the cache would, the changed directory has another name.
    build(compiled._replace(shipped=other), shutil.copytree(built, built.with_name("wheels2")), "2")
    found = sections(tool("diff.sh", "1", "2").stdout)
    names = [name for name in found if name.startswith("python")] or found["interpreter"]
    assert names[0].startswith("~ python-3.11.2-") and names[1:] == ["+ lib", "+ lib/os.py"]
    assert found["wheels"] == [
        *("~ flask 3.0.3 -> 3.1.0", "+ jinja2 3.1.6", "~ gunicorn-23.0.0-py3-none-any.whl: other content")
    ]
    assert found["files of the release, wheels apart"] == [
        "~ app.py",
        "~ deploy/setup.sh: f 0444 -> f 0555",
        *("+ new dir", "+ new dir/new.py", "- static/page.css"),
    ]


def test_of_another_python_only_the_number_of_files_is_told(first):
    old = reading.head_of(first)
    texts = [text.replace("3.11.2", "3.13.5").replace("bin/python3.11", "bin/python3.13") for text in old]
    lines = comparison.interpreter_lines(old, reading.Head(*texts))
    assert [line.partition("-3")[0] for line in lines] == ["~ python", "~ files: 1 new, 1 gone, 0 changed"]


@pytest.mark.parametrize("script, arguments", [("inspect.sh", ["1"]), ("diff.sh", ["1", "1"])])
def test_what_was_asked_for_is_told_quietly_too(first, tool, script, arguments):
    assert tool(script, *arguments, QUIET="1").stdout == tool(script, *arguments).stdout != ""


@pytest.mark.parametrize("script, arguments", [("inspect.sh", ["9"]), ("diff.sh", ["1", "9"])])
def test_a_bundle_that_is_not_there_is_named(tool, script, arguments):
    result = tool(script, *arguments)
    which = " and one of ".join(arguments)
    assert (result.returncode, f"dist/* has no bundle of version {which}; make it first" in result.stderr) == (69, True)


def test_a_kit_of_the_same_version_keeps_nothing_from_being_found(first, tool, compiled, built):
    build(compiled, built, "2")
    shutil.copy(first, first.with_name("app-kit-v1.tar.gz"))
    result = tool("diff.sh", "1", "2")
    assert (result.returncode, result.stdout.count("==> app-v1 -> app-v2 ")) == (0, 1), result.stderr


@pytest.mark.parametrize("script, arguments", [("inspect.sh", []), ("inspect.sh", ["../1"]), ("diff.sh", ["1"])])
def test_wrong_arguments_are_refused(tool, script, arguments):
    assert tool(script, *arguments).returncode == 64


def test_a_target_can_be_chosen(tool):
    assert tool("inspect.sh", "1", TARGET="debian-12-*").returncode == 0
    assert tool("inspect.sh", "1", TARGET="debian-13-*").returncode == 69


@pytest.mark.parametrize("script, arguments", [("inspect.sh", ["1"]), ("diff.sh", ["1", "1"])])
def test_a_truncated_bundle_is_refused(first, tool, script, arguments):
    first.write_bytes(first.read_bytes()[:150])
    result = tool(script, *arguments)
    assert (result.returncode, "cannot be read" in result.stderr) == (65, True), result.stderr


@pytest.mark.parametrize("script, arguments", [("inspect.sh", ["1"]), ("diff.sh", ["1", "1"])])
def test_a_bundle_that_is_not_what_its_sidecar_says_is_refused(first, tool, script, arguments):
    data = first.read_bytes()
    first.write_bytes(data + b"\0")
    result = tool(script, *arguments)
    assert (result.returncode, "is not what its .sha256 says" in result.stderr) == (65, True)


def test_of_a_signature_it_is_told_whether_it_was_checked(first, tool, tmp_path):
    for name in ("ours", "another"):
        subprocess.run([building.TEMPLATE / "deploy/keygen.sh", tmp_path / name], check=True, capture_output=True)
    ours, another = str(tmp_path / "ours.pub"), str(tmp_path / "another.pub")
    unsigned = tool("inspect.sh", "1", RELEASE_KEY=ours)
    assert (unsigned.returncode, "there is no" in unsigned.stderr) == (65, True), unsigned.stderr
    sidecar = f"{first}.sha256"
    command = ["openssl", "dgst", "-sha256", "-sign", tmp_path / "ours", "-out", f"{sidecar}.sig", sidecar]
    subprocess.run(command, check=True)
    assert "with a signature that was not checked: RELEASE_KEY=" in tool("inspect.sh", "1").stdout
    assert tool("diff.sh", "1", "1", RELEASE_KEY=ours).stdout.count(f", signed by the key {ours}\n") == 2
    forged = tool("inspect.sh", "1", RELEASE_KEY=another)
    assert (forged.returncode, f"by RELEASE_KEY={another}" in forged.stderr) == (65, True), forged.stderr
