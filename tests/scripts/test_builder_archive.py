"""Ready-made interpreters: how a row names one, and which archives are refused."""

import hashlib
import io
import tarfile

import pytest

import building
from website import served

archive = building.part("builder.archive")
modes = building.part("builder.modes")
output = building.part("builder.output")

TARGET = building.TARGET


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(archive, "PROJECT", tmp_path)
    for name in ("INTERPRETER", "ARCHIVE"):
        monkeypatch.delenv(name, raising=False)


def packed(tmp_path, *names):
    """An archive with those files; returns what a row would say of it."""
    path = tmp_path / "ready made.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    return f"{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}"


def unpacked(tmp_path, location):
    (tmp_path / "entry").mkdir()
    wanted = archive.of_target(TARGET._replace(archive=location))
    archive.unpack(archive.fetch(wanted), TARGET, tmp_path / "entry/full")
    return sorted(str(path.relative_to(tmp_path / "entry")) for path in (tmp_path / "entry").rglob("*"))


def test_an_archive_in_the_layout_becomes_the_interpreter(tmp_path):
    location = packed(tmp_path, "python/bin/python3.11")
    assert unpacked(tmp_path, location) == ["full", "full/bin", "full/bin/python3.11"]


def test_an_archive_may_lie_at_a_url(tmp_path, monkeypatch):
    location = packed(tmp_path, "python/bin/python3.11")
    with served(tmp_path, monkeypatch) as address:
        there = f"{address}/{location.replace(' ', '%20')}"
        assert unpacked(tmp_path, there) == ["full", "full/bin", "full/bin/python3.11"]


@pytest.mark.parametrize("names", [["bin/python3.11"], ["python/bin/python3.12"], []])
def test_another_layout_or_python_is_refused(tmp_path, names):
    location = packed(tmp_path, *names)
    with pytest.raises(output.Failure, match="has no python/bin/python3.11") as failure:
        unpacked(tmp_path, location)
    assert failure.value.code == 78


def test_other_content_than_the_sha256_says_is_refused(tmp_path):
    packed(tmp_path, "python/bin/python3.11")
    with pytest.raises(output.Failure, match="sha256 is not the release's") as failure:
        unpacked(tmp_path, f"ready made.tar.gz#sha256={'0' * 64}")
    assert failure.value.code == 69
    assert list((tmp_path / "cache/offline-flask/sources").iterdir()) == []


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(output.Failure, match="none.tar.gz: .*No such file") as failure:
        unpacked(tmp_path, f"none.tar.gz#sha256={'0' * 64}")
    assert failure.value.code == 69


@pytest.mark.parametrize("text", ["", "a.tar.gz", "a.tar.gz#sha256=12", "#sha256=" + "0" * 64, "https://x/a#md5=1"])
def test_without_a_sha256_it_is_refused(text):
    with pytest.raises(output.Failure, match="then #sha256= and its sha256") as failure:
        archive.of_target(TARGET._replace(archive=text))
    assert failure.value.code == 78


def test_the_environment_wins_over_the_row(monkeypatch):
    assert modes.of_target(TARGET) == "prebuilt"
    assert modes.of_target(TARGET._replace(interpreter="archive")) == "archive"
    monkeypatch.setenv("ARCHIVE", "a#sha256=" + "0" * 64)
    assert (modes.of_target(TARGET), archive.of_target(TARGET).place) == ("archive", "a")
    monkeypatch.setenv("INTERPRETER", "prebuilt")
    assert modes.of_target(TARGET._replace(interpreter="archive")) == "prebuilt"
