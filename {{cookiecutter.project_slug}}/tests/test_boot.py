"""Does the release come up by itself after a reboot?"""

import re

import pytest
from judgement import listing, require


@pytest.mark.needs("root mode with systemd")
def test_systemd(box, bundle):
    """the release starts at boot (systemd)"""
    units = [f"{bundle.name}.socket", f"{bundle.name}@{bundle.version}.service"]
    states = {unit: box.units.get(unit) or "unknown" for unit in units}
    require(
        set(states.values()) == {"enabled"},
        expected=f"enabled: {listing(units)}",
        found=listing(f"{unit}: {state}" for unit, state in states.items()),
        remedy=f"systemctl enable {' '.join(units)}",
    )


@pytest.mark.needs("user mode, or root's eyes without systemd")
def test_crontab(box, bundle):
    """the release starts at boot (crontab)"""
    owner = "root" if box.mode == "root" else box.username
    require(
        any(re.match(r"@reboot .*/current/deploy/activate\.sh", line) for line in box.crontab),
        expected=f"a line @reboot sh {box.base}/current/deploy/activate.sh in the crontab of {owner}",
        found="no such line",
        remedy=f"sh {box.base}/{bundle.release}/deploy/activate.sh {bundle.version}",
    )
