"""Many boxes: deployed one after the other or side by side, and verified together."""

from contextlib import ExitStack
from xml.etree import ElementTree

import pytest

from lab.box import boot_box

CHECKS = 41


@pytest.fixture(scope="module")
def bundles(project):
    """A good release, and one that no box takes."""
    project.build("1")
    with project.changed("project/test.py", "raise SystemExit('not today')\n"):
        project.build("2")
    return project


class Fleet:
    """Boxes, and one ssh configuration for all."""

    def __init__(self, project, boxes, directory):
        self.project, self.boxes = project, boxes
        self.hosts = [f"root@{box.address}" for box in boxes]
        self.config = directory / "ssh_config"
        self.config.write_text("".join(box.ssh_config.read_text() + "\n" for box in boxes))

    def run(self, script, *arguments, **variables):
        result = self.project.run(script, *arguments, SSH_CONFIG=self.config, USERNAME="app", **variables)
        print(result.stdout, result.stderr)
        return result

    def pages(self):
        return [box.ssh("curl -s http://127.0.0.1/version", check=False).stdout for box in self.boxes]


def boot(project, number, directory):
    """A stack that ends the boxes, and the Fleet of them."""
    with ExitStack() as stack:
        boxes = [stack.enter_context(boot_box("debian-12")) for _ in range(number)]
        yield Fleet(project, boxes, directory)


@pytest.fixture(scope="module")
def fleet(bundles, tmp_path_factory):
    yield from boot(bundles, 3, tmp_path_factory.mktemp("fleet"))


def test_a_dry_run_tells_what_root_would_do_and_changes_nothing(fleet):
    before = [box.ssh("find /opt /etc /root /home -newer /proc/1 | sort").stdout for box in fleet.boxes[:2]]
    result = fleet.run("deploy/ship.sh", ",".join(fleet.hosts[:2]), "1", DRY_RUN="1")
    assert result.returncode == 0
    assert [box.ssh("find /opt /etc /root /home -newer /proc/1 | sort").stdout for box in fleet.boxes[:2]] == before
    for told in ("as root, by sh setup.sh 1 app", "/etc/systemd/system/app@.service", "/etc/nginx/conf.d/app.conf"):
        assert result.stdout.count(told) == 2
    assert result.stdout.count("nothing was changed") == 2


def test_a_fleet_gets_a_release_and_is_verified_together(fleet, tmp_path):
    result = fleet.run("deploy/ship.sh", ",".join(fleet.hosts), "1", BATCH="2")
    assert result.returncode == 0
    assert result.stdout.splitlines()[-3:] == [f"    {host}: version 1 is in service" for host in fleet.hosts]
    assert fleet.pages() == ["1"] * 3
    (tmp_path / "inventory").write_text("\n".join(fleet.hosts))
    verified = fleet.run("deploy/verify.sh", "", "1", INVENTORY=tmp_path / "inventory", REPORT=tmp_path)
    assert verified.returncode == 0
    cases = ElementTree.parse(next(tmp_path.glob("verify-app-v1-3-boxes-*.xml"))).getroot().findall(".//testcase")
    assert len(cases) == 3 * CHECKS
    page = next(tmp_path.glob("verify-app-v1-3-boxes-*.html")).read_text()
    assert [f"<h2>{host}</h2>" in page for host in fleet.hosts] == [True] * 3


def test_one_bad_box_among_several_is_told_apart(fleet):
    fleet.boxes[1].ssh("chmod 666 /opt/app/app-v1/app.py")
    hosts = [*fleet.hosts, "root@10.213.255.250"]
    result = fleet.run("deploy/verify.sh", ",".join(hosts), "1")
    fleet.boxes[1].ssh("chmod 444 /opt/app/app-v1/app.py")
    assert result.returncode == 1
    counts = {
        line.split(": ")[1]: line.split(" red")[0].split()[-1]
        for line in result.stdout.splitlines()
        if ": root@" in line
    }
    assert counts == dict(zip(hosts, ["0", "1", "0", "1"], strict=True))
    assert "cannot be reached" in result.stdout or "the connection was lost" in result.stdout


def test_a_release_that_the_canary_refuses_reaches_no_other_box(fleet):
    result = fleet.run("deploy/ship.sh", ",".join(fleet.hosts), "2")
    assert result.returncode == 1
    assert [line.split(": ")[1] for line in result.stdout.splitlines()[-3:]] == [
        "failed with status 1",
        *["not tried"] * 2,
    ]
    assert [box.ssh("ls -d /opt/app/app-v*").stdout for box in fleet.boxes[1:]] == ["/opt/app/app-v1\n"] * 2
    assert fleet.pages() == ["1"] * 3


@pytest.mark.full
def test_ten_boxes(bundles, tmp_path):
    for fleet in boot(bundles, 10, tmp_path):
        assert fleet.run("deploy/ship.sh", ",".join(fleet.hosts), "1").returncode == 0
        assert fleet.pages() == ["1"] * 10
        assert fleet.run("deploy/verify.sh", ",".join(fleet.hosts), "1").returncode == 0
