"""A lock that is missing, where several rows of one Python are built at the same time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import building

lock = building.part("builder.lock")
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
