"""What is shown of the error log when a release is refused: what the application said, not how gunicorn ends."""

from types import SimpleNamespace

import pytest

from building import release_part

logs = release_part("logs")

WORKER = """[9] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/opt/app/venv/lib/gunicorn/arbiter.py", line 752, in spawn_worker
    worker.init_process()
  File "/opt/app/views.py", line 6, in <module>
    import requests
ModuleNotFoundError: No module named 'requests'
"""
DIRECTLY = """Traceback (most recent call last):
  File "/opt/app/venv/lib/gunicorn/arbiter.py", line 270, in run
    handler()
gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>

During handling of the above exception, another exception occurred:

"""
ON_THE_SIGNAL = DIRECTLY.replace("gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>", "StopIteration")
END = """Traceback (most recent call last):
  File "/opt/app/venv/bin/gunicorn", line 6, in <module>
    sys.exit(run())
gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>
"""
AGAIN = "[9] [INFO] Starting gunicorn\n"


@pytest.fixture
def layout(tmp_path):
    return SimpleNamespace(logs=str(tmp_path))


def shown(layout, text):
    with open(f"{layout.logs}/error.log", "w") as file:
        file.write(f"before\n{text}")
    return logs.since(layout, len("before\n"))


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("beginning", [DIRECTLY, ON_THE_SIGNAL])
def test_gunicorn_s_own_tracebacks_are_left_out(layout, beginning):
    text = "".join([WORKER, beginning, END, AGAIN])
    assert shown(layout, text * 2) == indented((WORKER + AGAIN) * 2)


def test_a_traceback_that_is_not_gunicorn_s_end_stays(layout):
    assert shown(layout, WORKER) == indented(WORKER)
    assert shown(layout, DIRECTLY) == indented(DIRECTLY.rstrip())


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 30] Read-only file system: 'visits.txt'",
        "sqlite3.OperationalError: attempt to write a readonly database",
        "sqlite3.OperationalError: unable to open database file",
    ],
)
def test_an_application_that_writes_into_its_release_is_told_where_to(layout, line):
    assert shown(layout, f"{line}\n").startswith(f"    {line}\na release's files are read-only: ")


def test_nothing_is_shown_of_nothing(layout):
    assert (shown(layout, ""), logs.since(SimpleNamespace(logs="/nonexistent"), 0)) == ("", "")
