"""Is what the release wrote outside of itself as shipped, or as the settings of this box make it?"""

import hashlib

import pytest
import system_files
from judgement import listing, require


@pytest.mark.needs("root mode with systemd")
def test_units(box, bundle):
    """every systemd unit is as shipped, and loaded as it lies there"""
    wrong = _differing(box, system_files.units(bundle, box))
    stale = [f"{unit} is not loaded as it lies there" for unit, state in box.reloads.items() if state != "no"]
    require(
        not wrong and not stale,
        expected=f"the units of {bundle.release} in {system_files.UNITS}, for port {box.port}",
        found=listing(wrong + stale),
        remedy=f"{_again(box, bundle)}; changes of your own go into systemctl edit",
    )


@pytest.mark.needs("root mode")
@pytest.mark.tool("nginx")
def test_nginx_files(box, bundle):
    """nginx's configuration of the app is as shipped, for the settings of this box"""
    wrong = _differing(box, system_files.nginx_files(bundle, box))
    require(
        not wrong,
        expected=f"what {bundle.release} writes for NGINX={box.nginx or 'site'}, port {box.port}, "
        f"names: {box.server_name or 'any'}",
        found=listing(wrong),
        remedy=f"{_again(box, bundle)}; your own server block goes into another file, see NGINX=snippet",
    )


@pytest.mark.tool("logrotate")
def test_logrotate_file(box, bundle):
    """the rotation of the logs is configured as shipped"""
    path, text = system_files.logrotate_file(bundle, box)
    wrong = _differing(box, {path: text})
    require(
        box.has_logrotate and not wrong,
        expected=f"{path}, and logrotate to read it",
        found=listing(wrong) or "no logrotate on this box",
        remedy=f"install logrotate if it is missing; {_again(box, bundle)}",
    )


@pytest.mark.needs("user mode")
@pytest.mark.tool("logrotate")
@pytest.mark.tool("crontab")
def test_logrotate_line(box, bundle):
    """the logs are rotated every day (crontab)"""
    path, _ = system_files.logrotate_file(bundle, box)
    command = f"logrotate --state {box.base}/state/logrotate.status {path}"
    require(
        any(line.endswith(command) and not line.startswith("#") for line in box.crontab),
        expected=f"a line of the crontab of {box.username} that runs: {command}",
        found="no such line",
        remedy=_again(box, bundle),
    )


def _differing(box, files):
    """What is wrong with files that should have these texts, or for None not be there."""
    return [f"{path}: {fault}" for path, text in files.items() if (fault := _fault(box, path, text))]


def _fault(box, path, text):
    member = box.places.get(path)
    if member is None or text is None:
        return "missing" if text is not None else "should not be there" if member else ""
    if member.kind != "f" or member.mode & 0o022:
        return f"{member.kind} with mode {member.mode:04o}, which others can change"
    if box.mode == "root" and box.owners[path] != "0":
        return f"belongs to user {box.owners[path]}, not to root"
    same = box.hashes.get(path) == hashlib.sha256(text.encode()).hexdigest()
    return "" if same else "changed or unreadable"


def _again(box, bundle):
    return f"sh {box.base}/{bundle.release}/deploy/activate.sh {bundle.version} writes it again"
