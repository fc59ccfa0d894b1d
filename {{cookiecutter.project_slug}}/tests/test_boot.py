"""Does the release come up by itself after a reboot?"""

import hashlib
import re

import pytest
import system_files
from judgement import listing, require, require_none


@pytest.mark.needs("root mode with systemd")
def test_systemd(box, bundle):
    """the release starts at boot, and no other (systemd)"""
    service = f"{bundle.name}@{bundle.version}.service"
    units = [f"{bundle.name}.socket", service, f"{bundle.name}-settle@{bundle.version}.service"]
    wrong = [f"{unit}: {box.units.get(unit) or 'unknown'}" for unit in units if box.units.get(unit) != "enabled"]
    wrong += [f"{unit}: enabled as well" for unit in box.enabled if unit != service]
    path, text = system_files.boot_default(bundle)
    if box.hashes.get(path) != hashlib.sha256(text.encode()).hexdigest():
        wrong.append(f"{path} does not name {service}")
    require_none(
        wrong,
        expected=f"enabled: {listing(units)}; {path} names {service}",
        remedy=f"sh {box.base}/{bundle.release}/deploy/activate.sh {bundle.version}, or systemctl enable, disable",
    )


@pytest.mark.needs("root mode with systemd")
@pytest.mark.needs("NGINX=site in root mode")
@pytest.mark.tool("nginx")
def test_nginx(box):
    """nginx starts at boot (systemd)"""
    require(
        box.units.get("nginx.service") == "enabled",
        expected="nginx.service: enabled",
        found=box.units.get("nginx.service") or "unknown",
        remedy="systemctl enable nginx.service",
    )


@pytest.mark.tool("crontab")
@pytest.mark.needs("user mode, or root's eyes without systemd")
def test_crontab(box, bundle):
    """the release starts at boot (crontab)"""
    _require_line(box, bundle, "@reboot", f"{box.base}/current/deploy/activate.sh")


@pytest.mark.tool("crontab")
@pytest.mark.needs("user mode, or root's eyes without systemd")
def test_watch(box, bundle):
    """a supervisord that was killed is back within a minute (crontab)"""
    _require_line(box, bundle, "* * * * *", f"{box.base}/current/deploy/box/supervisor/watch.sh")


def _require_line(box, bundle, when, script):
    owner = "root" if box.mode == "root" else box.username
    require(
        any(re.match(rf"{re.escape(f'{when} sh {script}')}(\s|$)", line) for line in box.crontab),
        expected=f"a line {when} sh {script} in the crontab of {owner}",
        found="no such line",
        remedy=f"install cron if it is missing; sh {box.base}/{bundle.release}/deploy/activate.sh {bundle.version}",
    )
