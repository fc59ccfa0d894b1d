"""A lock that is missing, where several rows of one Python are built at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import building

lock = building.part("builder.lock")
main = building.part("builder.main")
row = building.part("builder.row")
targets = building.part("builder.targets")
wheels = building.part("builder.wheels")

ROWS = [targets.Target("debian", version, "x86_64", "3.11.2") for version in ("11", "12", "13")]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The rows that made it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(lock, "APP", tmp_path)
    calls, at_work, all_begun = [], threading.Lock(), threading.Barrier(len(ROWS))
    alone = lock.alone

    def after_all_have_looked(target):
        all_begun.wait(timeout=10)
        return alone(target)

    def make_lock(_engine, target, _python):
        assert at_work.acquire(blocking=False), "two rows make the lock at the same time"
        time.sleep(0.1)
        calls.append(target.version)
        (tmp_path / "locks").mkdir(exist_ok=True)
        lock.path_for(target).write_text("")
        at_work.release()

    monkeypatch.setattr(lock, "alone", after_all_have_looked)
    monkeypatch.setattr(wheels, "make_lock", make_lock)
    return calls


def test_one_row_makes_it(made):
    with ThreadPoolExecutor(len(ROWS)) as pool:
        list(pool.map(lambda target: row.lock_if_missing(None, target, None), ROWS))
    assert len(made) == 1


def test_one_that_is_there_is_left_alone(made):
    path = lock.path_for(ROWS[0])
    path.parent.mkdir()
    path.write_text("")
    with ThreadPoolExecutor(len(ROWS)) as pool:
        list(pool.map(lambda target: row.lock_if_missing(None, target, None), ROWS))
    assert made == []


def test_what_changed_in_a_lock_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lock, "APP", tmp_path)
    monkeypatch.setattr(main.settings, "tell_overridden", lambda: None)
    monkeypatch.setattr(main.lock, "source_digest", lambda source: "")
    monkeypatch.setattr(main.requirements, "source", lambda: None)
    monkeypatch.setattr(main, "planned", lambda: {ROWS[0]: None})
    for module, name in (main.row, "prepared_engine"), (main.interpreter, "build"), (main.build_packages, "workshop"):
        monkeypatch.setattr(module, name, lambda *_: None)

    def made(*pins):
        text = "".join(f"{pin} \\\n    --hash=sha256:{64 * '0'}\n" for pin in pins)
        monkeypatch.setattr(wheels, "make_lock", lambda *_: lock.write(lock.path_for(ROWS[0]), text))
        main.make_locks()
        return [line.strip() for line in capsys.readouterr().out.splitlines()[1:]]

    wrote = "wrote project/locks/py3.11.txt"
    assert made("flask==3.0.0", "lxml==5.1") == [wrote]
    assert made("flask==3.1.0", "markdown==3.10") == [wrote, "~ flask 3.0.0 -> 3.1.0", "- lxml 5.1", "+ markdown 3.10"]
    assert made("flask==3.1.0", "markdown==3.10") == [wrote]
