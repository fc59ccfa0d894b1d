"""What gunicorn's settings on the box do in a worker, with the event loop of gunicorn 21 to 23 in miniature."""

import runpy
import selectors
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

CONFIGURATION = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}/deploy/box/gunicorn.conf.py"


@pytest.fixture
def worker():
    """With a listener, as gunicorn 23's threaded worker waits for it, and what became of its requests."""
    listener, poller = socket.create_server(("127.0.0.1", 0)), selectors.DefaultSelector()
    logs = SimpleNamespace(handlers=[])
    worker = SimpleNamespace(sockets=[listener], poller=poller, tpool=ThreadPoolExecutor(1), _keep=[], requests=[])
    worker.log = SimpleNamespace(access_log=logs, error_log=logs)
    poller.register(listener, selectors.EVENT_READ, lambda _: pytest.fail("it accepts another one"))
    with closing(listener), closing(poller):
        yield worker


def connect(worker):
    """A connection that the worker has accepted, and will read when there is something to read."""
    client = socket.create_connection(worker.sockets[0].getsockname())
    accepted, _ = worker.sockets[0].accept()

    def read(connection):
        worker.poller.unregister(connection)
        worker.tpool.submit(lambda: worker.requests.append(connection.recv(100))).add_done_callback(
            lambda _: connection.close()
        )

    worker.poller.register(accepted, selectors.EVENT_READ, read)
    return client


def test_a_worker_that_ends_answers_what_it_has_accepted(worker):
    runpy.run_path(str(CONFIGURATION))["post_worker_init"](worker)
    with closing(connect(worker)) as first, closing(connect(worker)) as idle:
        first.sendall(b"a request")
        with closing(socket.create_connection(worker.sockets[0].getsockname())):
            worker.tpool.shutdown(True)
        assert worker.requests == [b"a request"]
        assert [key.fileobj.getpeername() for key in worker.poller.get_map().values()] == [idle.getsockname()]
        for key in list(worker.poller.get_map().values()):
            key.fileobj.close()
