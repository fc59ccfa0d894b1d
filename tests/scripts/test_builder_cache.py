"""The builder's cache: entries are whole or absent, and made once, however many builds want them."""

import threading
import time

import pytest

import building

cache = building.part("builder.cache")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def visible(kind):
    return [path.name for path in cache.directory(kind).iterdir() if not path.name.startswith(".")]


def test_an_entry_is_made_once_by_builds_at_the_same_time(capsys):
    made = []

    def make(entry):
        time.sleep(0.2)
        made.append(entry)
        (entry / "file").write_text("whole")

    threads = [threading.Thread(target=cache.entry, args=("wheels", "name", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert (cache.directory("wheels") / "name/file").read_text() == "whole"
    assert capsys.readouterr().out.count("waiting for another build") == 7


def test_a_failure_leaves_nothing():
    def fail(entry):
        (entry / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("wheels", "name", fail)
    assert [path.name for path in cache.directory("wheels").iterdir()] == [".name.lock"]


def test_what_a_killed_build_left_is_cleared_and_other_entries_are_not():
    (cache.directory("wheels") / ".name-killed").mkdir()
    (cache.directory("wheels") / ".other-running").mkdir()
    cache.entry("wheels", "name", lambda entry: None)
    assert not (cache.directory("wheels") / ".name-killed").exists()
    assert (cache.directory("wheels") / ".other-running").exists()
    assert visible("wheels") == ["name"]


def test_keys_tell_apart_what_differs(tmp_path):
    file = tmp_path / "file"
    file.write_text("one")
    keys = {cache.key("a", "b"), cache.key("ab"), cache.key(["a", "b"]), cache.files_key([file])}
    file.write_text("two")
    keys.add(cache.files_key([file]))
    keys.add(cache.files_key([file.rename(tmp_path / "renamed")]))
    assert len(keys) == 6


@pytest.mark.parametrize("base", ["", "relative"])
def test_a_cache_home_that_is_not_absolute_is_ignored(tmp_path, monkeypatch, base):
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.directory("wheels") == tmp_path / ".cache/offline-flask/wheels"
