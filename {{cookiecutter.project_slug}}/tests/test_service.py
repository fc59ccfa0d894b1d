"""Does gunicorn serve this release, as the right account, to this machine only?"""

import pytest
from facts import LOOPBACK
from judgement import listing, not_applicable, require, require_none

from interpreter import executable

# As /proc/net/tcp6 prints them, in words of the machine's own byte order.
V6_LOOPBACK = "0" * 24 + "01000000"
# How /proc/PID/exe names an executable that is not there any more (proc(5)).
DELETED = " (deleted)"
V4_LOOPBACK_IN_V6 = "0" * 16 + "FFFF0000" + LOOPBACK


@pytest.fixture
def running(gunicorn):
    """gunicorn's processes; where there are none, one check says so and the others have nothing to judge."""
    return gunicorn or not_applicable("gunicorn does not run")


def test_running(box, bundle, gunicorn):
    """gunicorn runs, from this release and with the bundle's Python"""
    release = f"{box.base}/{bundle.release}"
    activate = f"sh {release}/deploy/activate.sh {bundle.version}"
    strangers = [process for process in gunicorn if not _is_of_release(process, box, bundle)]
    replaced = any(process.executable.endswith(DELETED) for process in strangers)
    silence = "it was stopped (make stop)" if box.stopped else f"no process serves port {box.port}"
    require(
        gunicorn and not strangers,
        expected=f"{release}/venv/bin/gunicorn, run by {executable(box, bundle)}, on port {box.port}",
        found=_describe(strangers, "command", "executable") or silence,
        remedy=f"make start, or {activate}" if box.stopped else _start_anew(box, activate, replaced),
    )


def test_account(box, running):
    """gunicorn runs as the app's account, never as root"""
    require(
        box.uid != "0" and all(process.uid == box.uid for process in running),
        expected=f"{box.username} (user {box.uid})",
        found=_describe(running, "uid"),
        remedy="stop it and activate the release again",
    )


def test_directory(box, bundle, running):
    """gunicorn's working directory is this release"""
    directory = f"{box.base}/{bundle.release}"
    require(
        all(process.directory == directory for process in running),
        expected=directory,
        found=_describe(running, "directory"),
        remedy=f"sh {directory}/deploy/activate.sh {bundle.version}",
    )


def test_address(box):
    """the port is open on 127.0.0.1 and on no other address"""
    others = [address for address in box.listeners if address != LOOPBACK]
    require(
        box.listeners and not others,
        expected=f"127.0.0.1:{box.port}",
        found=f"open on {listing(_who_listens(box, address) for address in others)}" if others else "closed",
        remedy="stop what opens it there" if others else "activate the release again",
    )


@pytest.mark.needs("a login that may look at the service manager")
def test_holder(box):
    """the service manager holds the port open, so that it outlives each release"""
    holders = [process for process in box.processes if process.address == LOOPBACK and box.only_keeps(process)]
    require(
        holders or not box.listeners,
        expected="systemd's socket unit, or supervisord, among those that have the port open",
        found=_describe(box.processes, "command"),
        remedy="stop what was started by hand, and activate the release again",
    )


@pytest.mark.needs("a login that may look into them")
def test_no_other_address(box):
    """nothing of the release listens where other machines could reach it"""
    reachable = [
        f"process {pid} on {_dotted(address)} port {int(port, 16)}"
        for address, port, pid in box.other_listeners
        if not _is_local(address)
    ]
    require_none(
        reachable,
        expected="addresses of this machine alone, 127.0.0.1 or ::1",
        remedy="stop it; nginx alone faces the network",
    )


@pytest.mark.needs("a login that may look into them")
def test_no_other_release(box, bundle):
    """no process of another release is left"""
    finish = "let it finish its last requests, for half a minute at most; then stop it (kill PID)"
    require_none(
        [f"process {pid} in {directory}" for pid, directory in box.left_over],
        expected=f"of all releases processes of {bundle.release} only",
        remedy=finish if box.current == bundle.release else f"{box.current} is in service: verify that one",
    )


@pytest.mark.needs("a login that may look into them")
def test_logs(box, bundle, running):
    """gunicorn writes to the logs that are there"""
    logs = [f"{box.base}/logs/{name}.log" for name in ("access", "error")]
    wrong = [
        f"process {process.pid} writes to {listing(box.open_logs.get(process.pid, ())) or 'no log'}"
        for process in running
        if _is_of_release(process, box, bundle) and not box.open_logs.get(process.pid, set()).issuperset(logs)
    ]
    wrong += [f"{log} is missing" for log in logs if log[len(box.base) + 1 :] not in box.places]
    require_none(
        wrong,
        expected=f"every process writes to {listing(logs)}",
        remedy=f"sh {box.base}/current/deploy/activate.sh --reopen-logs; see who moved them",
    )


def test_health(box, bundle, answers):
    """gunicorn answers the health path with 200"""
    answer = answers.pages["health"]
    require(
        answer.get("status") == 200,
        expected=f"200 from http://127.0.0.1:{box.port}{bundle.health_path}",
        found=answer.get("status", answer.get("error")),
        remedy=f"see {box.base}/logs/error.log",
    )


def _is_of_release(process, box, bundle):
    """A process that renames itself (setproctitle) is known by its executable and working directory alone."""
    named = f"{box.base}/{bundle.release}/venv/bin/" in process.command or process.command.startswith("gunicorn: ")
    return named and process.executable == executable(box, bundle)


def _start_anew(box, activate, replaced):
    """A process keeps the executable that it was started with; to activate what is in service already ends none."""
    if replaced:
        return f"its Python was replaced while it ran: sh {box.base}/current/deploy/activate.sh --stop; {activate}"
    return f"see {box.base}/logs/error.log; {activate}"


def _describe(processes, *attributes):
    """What processes have in common is said once, after the numbers of all that have it."""
    alike = {}
    for process in processes:
        alike.setdefault(" by ".join(getattr(process, name).strip() for name in attributes), {})[process.pid] = None
    return listing(f"process{'es' if len(pids) > 1 else ''} {listing(pids)}: {text}" for text, pids in alike.items())


def _is_local(address):
    """Whether an address of /proc/net/tcp or tcp6 is in 127.0.0.0/8, is ::1, or is ::ffff:127.0.0.1."""
    return address.endswith("7F") if len(address) == 8 else address in (V6_LOOPBACK, V4_LOOPBACK_IN_V6)


def _who_listens(box, address):
    processes = [process for process in box.processes if process.address == address]
    return f"{_dotted(address)} by {_describe(processes, 'command') or 'a process that this login may not see'}"


def _dotted(hexadecimal):
    """An IPv4 address of /proc/net/tcp as people write it; of the others, only :: has a short name."""
    if len(hexadecimal) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(hexadecimal)))
    return "::" if not hexadecimal.strip("0") else f"IPv6 {hexadecimal}"
