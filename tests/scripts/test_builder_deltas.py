"""deploy/builder/delta.py: what a delta holds, which base it is made from, and when it is refused or made again."""

import hashlib
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import given, strategies

import building
from packing import HOST, SETTINGS, TARGET, build, write

bundle = building.part("builder.bundle")
contents = building.part("builder.contents")
cache = building.part("builder.cache")
delta = building.part("builder.delta")
output = building.part("builder.output")
publication = building.part("builder.publication")
reading = building.part("builder.reading")


def applied(steps, old):
    """What setup.sh makes of the lines of the base."""
    lines, at = [], 0
    for step in steps:
        sign, rest = step[0], step[1:]
        if sign == "+":
            lines.append(rest)
            continue
        if sign == "=":
            lines += old[at : at + int(rest)]
        at += int(rest)
    return lines


lists = strategies.dictionaries(strategies.text("abc/", min_size=1, max_size=4), strategies.sampled_from("0123"))


@given(lists, lists)
def test_the_new_list_comes_out_whatever_changed(old, new):
    older, newer = ([f"{hash}  {path}" for path, hash in sorted(files.items())] for files in (old, new))
    steps = delta.edits(older, newer, 3)
    assert applied(steps, older) == newer
    assert sum(step[0] == "+" for step in steps) == len(set(newer) - set(older))


def test_one_changed_line_is_a_line():
    older = [f"{number:064}  app-v1/{number:04}" for number in range(3000)]
    newer = [*older[:1234], "f" * 64 + "  app-v1/1234", *older[1235:]]
    assert delta.edits(older, newer, 66) == ["=1234", "-1", f"+{newer[1234]}", "=1765"]


@pytest.fixture
def base(project, compiled, built):
    """Release 1, and the app changed since."""
    path = build(compiled, built).path
    write(project / "project/app.py", "changed")
    return path


def since_1(compiled, built, base):
    """Release 2 with its delta since 1."""
    older = delta.base(base.with_name("app-v2.tar.gz"), "1")
    supervisor = built.with_name("supervisor")
    ingredients = contents.Ingredients(HOST, compiled, built, supervisor)
    return bundle.build(SETTINGS, "2", TARGET, ingredients, older)


def names(path):
    with tarfile.open(path, "r:gz") as archive:
        return [member.name for member in archive if member.isfile()]


def test_it_holds_the_changed_files_and_says_what_it_is_made_from(base, compiled, built):
    made = since_1(compiled, built, base)
    assert made.forms[0] == base.with_name("app-v2-since-1.delta")
    lists = ("app-v2/DELTA/SHA256SUMS", "app-v2/DELTA/MANIFEST")
    assert names(made.forms[0]) == ["app-v2/DELTA/BASE", "app-v2/BUNDLE", *lists, "app-v2/app.py"]
    with tarfile.open(made.forms[0], "r:gz") as archive:
        said = archive.extractfile("app-v2/DELTA/BASE").read().decode()
    digests = [reading.head_of(path).sums_sha256 for path in (base, made.path)]
    assert said == f"VERSION=1\nBASE_SHA256SUMS={digests[0]}\nSHA256SUMS={digests[1]}\n"
    whole = hashlib.sha256(made.forms[0].read_bytes()).hexdigest()
    sidecar = made.forms[0].with_name("app-v2-since-1.delta.sha256").read_text()
    assert sidecar == f"{whole}  app-v2-since-1.delta\n{digests[1]}  app-v2/SHA256SUMS\n"


def test_what_setup_reads_first_comes_first_however_much_changed(base, compiled, built):
    other = shutil.copytree(compiled.shipped, compiled.shipped.with_name("other"), symlinks=True)
    for number in range(500):
        write(other / f"lib/{number}.py", str(number))
    made = since_1(compiled._replace(shipped=other), built, base)
    assert names(made.forms[0])[:2] == ["app-v2/DELTA/BASE", "app-v2/BUNDLE"]
    assert made.forms[0].stat().st_size > 20_000


def test_a_base_that_is_gone_from_dist_is_remembered(base, compiled, built):
    whole = since_1(compiled, built, base).forms[0].read_bytes()
    base.unlink()
    assert since_1(compiled, built, base).forms[0].read_bytes() == whole
    base.with_name("app-v1.tar.gz.sha256").unlink()
    assert since_1(compiled, built, base).forms[0].read_bytes() == whole


def test_a_base_that_is_not_what_its_sidecar_says_is_not_remembered(base, compiled, built):
    base.unlink()
    base.with_name("app-v1.tar.gz.sha256").write_text("0" * 64 + "  app-v1/SHA256SUMS\n")
    unknown(base)


def test_a_damaged_memory_of_a_base_is_not_believed(base):
    base.unlink()
    for layer in cache.directory("layers").iterdir():
        layer.write_bytes(layer.read_bytes()[:-40])
    unknown(base)


def unknown(base):
    with pytest.raises(
        output.Failure, match="there is no dist/.*app-v1.tar.gz: put that bundle there, or leave SINCE=1 out"
    ) as failure:
        delta.base(base.with_name("app-v2.tar.gz"), "1")
    assert failure.value.code == 69


def test_a_base_that_nobody_knows_is_refused(base):
    with pytest.raises(output.Failure, match="app-v0.tar.gz: put that bundle there"):
        delta.base(base.with_name("app-v2.tar.gz"), "0")


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"", lambda data: b"text"])
def test_a_base_that_cannot_be_read_is_refused(base, damage):
    base.write_bytes(damage(base.read_bytes()))
    with pytest.raises(output.Failure, match="cannot be read: .*; build it again, or fetch it again") as failure:
        delta.base(base.with_name("app-v2.tar.gz"), "1")
    assert failure.value.code == 65


@pytest.mark.parametrize("since", ["2", "../1", "a b"])
def test_a_base_that_can_be_none_is_refused(monkeypatch, since):
    monkeypatch.setenv("SINCE", since)
    with pytest.raises(output.Failure, match="SINCE must name an earlier version than 2") as failure:
        delta.wanted("2")
    assert failure.value.code == 64


def test_nothing_changed_leaves_the_delta_alone(base, compiled, built):
    stamp = since_1(compiled, built, base).forms[0].stat()
    again = since_1(compiled, built, base)
    assert (again.was_there, again.forms[0].stat()) == (True, stamp)


def test_a_delta_of_a_bundle_that_was_built_anew_goes(project, base, compiled, built):
    made = since_1(compiled, built, base)
    build(compiled, built, "2")
    assert made.forms[0].exists()
    write(project / "project/app.py", "changed again")
    build(compiled, built, "2")
    assert not list(base.parent.glob("app-v2-since-*"))


def test_a_delta_is_signed(base, compiled, built, tmp_path, monkeypatch):
    key = tmp_path / "key"
    subprocess.run([building.TEMPLATE / "deploy/keygen.sh", key], check=True, capture_output=True)
    monkeypatch.setenv("SIGN_KEY", str(key))
    made = since_1(compiled, built, base).forms[0]
    sidecar, signature = publication.beside(made, ".sha256"), publication.beside(made, ".sha256.sig")
    check = ["openssl", "dgst", "-sha256", "-verify", f"{key}.pub", "-signature", signature, sidecar]
    assert subprocess.run(check, capture_output=True).returncode == 0
