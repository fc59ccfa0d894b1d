"""Does gunicorn serve this release, as the right account, to this machine only?"""

import pytest
from facts import LOOPBACK
from judgement import listing, not_applicable, require


@pytest.fixture
def running(gunicorn):
    """gunicorn's processes; where there are none, one check says so and the others have nothing to judge."""
    return gunicorn or not_applicable("gunicorn does not run")


def test_running(box, bundle, gunicorn):
    """gunicorn runs, from this release and with the bundle's Python"""
    release = f"{box.base}/{bundle.release}"
    strangers = [process for process in gunicorn if not _is_of_release(process, box.base, bundle)]
    require(
        gunicorn and not strangers,
        expected=f"{release}/venv/bin/gunicorn, run by {box.base}/{bundle.interpreter}, on port {box.port}",
        found=_describe(strangers, "command", "executable") or f"no process serves port {box.port}",
        remedy=f"see {box.base}/logs/error.log; sh {release}/deploy/activate.sh {bundle.version}",
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


def test_health(box, bundle, answers):
    """gunicorn answers the health path with 200"""
    answer = answers.pages["health"]
    require(
        answer.get("status") == 200,
        expected=f"200 from http://127.0.0.1:{box.port}{bundle.health_path}",
        found=answer.get("status", answer.get("error")),
        remedy=f"see {box.base}/logs/error.log",
    )


def _is_of_release(process, base, bundle):
    """A process that renames itself (setproctitle) is known by its executable and working directory alone."""
    named = f"{base}/{bundle.release}/venv/bin/" in process.command or process.command.startswith("gunicorn: ")
    return named and process.executable == f"{base}/{bundle.interpreter}"


def _describe(processes, *attributes):
    values = {process.pid: [getattr(process, name) for name in attributes] for process in processes}
    return listing(f"process {pid}: {' '.join(value)}" for pid, value in values.items())


def _who_listens(box, address):
    processes = [process for process in box.processes if process.address == address]
    return f"{_dotted(address)} by {_describe(processes, 'command') or 'a process that this login may not see'}"


def _dotted(hexadecimal):
    """An IPv4 address of /proc/net/tcp as people write it; of the others, only :: has a short name."""
    if len(hexadecimal) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(hexadecimal)))
    return "::" if not hexadecimal.strip("0") else f"IPv6 {hexadecimal}"
