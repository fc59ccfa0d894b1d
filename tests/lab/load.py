"""Requests without a pause while something is done to a server, and what became of each of them."""

import ctypes
import http.client
import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000  # setns(2)
TIMEOUT_SECONDS = 30
LISTED_FAILURES = 10


@dataclass
class Figures:
    """What a load did. Durations are in seconds; `reopened` counts keep-alive connections that the server had closed.

    A client may send a request again if the connection that it kept was closed before any of the answer came
    (RFC 9112, 9.3.1), as every browser and nginx do; that alone is not a failure, a second time is.
    """

    durations: list[float] = field(default_factory=list)
    answers: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    reopened: int = 0

    @property
    def requests(self) -> int:
        return len(self.durations) + len(self.failures)

    @property
    def median(self) -> float:
        return statistics.median(self.durations)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.durations, n=100)[98]

    def __str__(self) -> str:
        milliseconds = tuple(1000 * value for value in (self.median, self.p99, max(self.durations)))
        return (
            f"{self.requests} requests, {len(self.failures)} failures, {self.reopened} connections reopened, "
            "median {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms, ".format(*milliseconds)
            + f"answers {dict(self.answers)}{''.join(chr(10) + failure for failure in self.failures[:LISTED_FAILURES])}"
        )


class Load:
    """`threads` clients that ask for a page again and again, half of them with keep-alive, within a `with`.

    expected   the pages that are right; anything else, and anything but status 200, is a failure
    namespace  file of the network namespace to ask from, such as a box's, for what listens there on loopback only
    pause      seconds that each client waits between its requests, so that what is done to the server gets on
    """

    def __init__(
        self,
        address: str,
        path: str,
        expected: set[str],
        port: int = 80,
        threads: int = 8,
        namespace: Path | None = None,
        pause: float = 0,
    ) -> None:
        self.figures = Figures()
        self._address, self._port, self._path, self._expected = address, port, path, expected
        self._namespace, self._pause = namespace, pause
        self._lock = threading.Lock()
        self._over = threading.Event()
        clients = (self._kept_connection, self._new_connections)
        self._threads = [threading.Thread(target=self._run, args=(clients[n % 2],)) for n in range(threads)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, client: Callable[[], None]) -> None:
        if self._namespace:
            enter_network(self._namespace)
        client()

    def _new_connections(self) -> None:
        while not self._over.wait(self._pause):
            connection = self._connection()
            self._ask(connection, {"Connection": "close"})
            connection.close()

    def _kept_connection(self) -> None:
        connection = self._connection()
        while not self._over.wait(self._pause):
            self._ask(connection, {})
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return connect(self._address, self._port)

    def _ask(self, connection: http.client.HTTPConnection, headers: dict[str, str]) -> None:
        kept = connection.sock is not None
        start = time.monotonic()
        try:
            try:
                page = ask(connection, self._path, headers)
            except (ConnectionResetError, BrokenPipeError):  # RemoteDisconnected is a ConnectionResetError
                connection.close()
                if not kept:
                    raise
                with self._lock:
                    self.figures.reopened += 1
                page = ask(connection, self._path, headers)
            self._count(time.monotonic() - start, page)
        except (OSError, http.client.HTTPException) as reason:
            connection.close()
            self._fail(f"{'kept' if kept else 'new'} connection: {reason!r}")

    def _count(self, duration: float, page: str) -> None:
        if page not in self._expected:
            self._fail(f"answer: {page[:200]}")
            return
        with self._lock:
            self.figures.durations.append(duration)
            self.figures.answers[page] += 1

    def _fail(self, failure: str) -> None:
        with self._lock:
            self.figures.failures.append(f"{time.strftime('%H:%M:%S')} {failure}")
        time.sleep(0.01)  # a server that is gone refuses faster than anybody asks


class OneRequest:
    """One long request in flight: started when made, `page()` waits for its end."""

    def __init__(self, address: str, path: str, port: int = 80, namespace: Path | None = None) -> None:
        self._page = ""
        self._thread = threading.Thread(target=self._run, args=(address, path, port, namespace))
        self._thread.start()

    def page(self) -> str:
        """The answer, or the reason why there was none."""
        self._thread.join()
        return self._page

    def _run(self, address: str, path: str, port: int, namespace: Path | None) -> None:
        if namespace:
            enter_network(namespace)
        connection = connect(address, port)
        try:
            self._page = ask(connection, path, {})
        except (OSError, http.client.HTTPException) as reason:
            self._page = repr(reason)
        connection.close()


def connect(address: str, port: int) -> http.client.HTTPConnection:
    """A connection that opens with its first request."""
    return http.client.HTTPConnection(address, port, timeout=TIMEOUT_SECONDS)


def ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> str:
    """The page, or the status and the page if that is not 200. Raises OSError, http.client.HTTPException."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    page = answer.read().decode(errors="replace")
    return page if answer.status == 200 else f"status {answer.status}: {page}"


def enter_network(namespace: Path) -> None:
    """Move this thread, and no other, to a network namespace (/run/netns/NAME, /proc/PID/ns/net). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    with namespace.open() as network:
        if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(namespace))
