"""make kit: from a bare box without internet, pip and Python to another box that only it reaches."""

import pytest

from lab.box import boot_box
from operating import APP, build

# Whoever deploys from inside the gap; the kit is installed in user mode.
OPERATOR = "deploy"
HOME = "/home/deploy"


@pytest.fixture(scope="module")
def bundles(project):
    """Two releases of the app, and two of the kit."""
    build(project, "1", "2", app=APP)
    for version in ("k1", "k2"):
        result = project.run("deploy/kit.sh", version)
        assert result.returncode == 0, result.stdout + result.stderr
    return project


class Gap:
    """Two boxes with a cable between them: the kit's, and the one that is deployed to."""

    def __init__(self, project, kit_box, box):
        self.project, self.kit_box, self.box = project, kit_box, box
        self.host = f"root@{box.address}"
        kit_box.join(box)
        self._give_the_operator_a_key()

    def _give_the_operator_a_key(self):
        config = self.box.ssh_config.read_text()
        key, known = (config.split(f'{word} "')[1].split('"')[0] for word in ("IdentityFile", "UserKnownHostsFile"))
        self.kit_box.ssh("mkdir -p -m 700 ~/.ssh", user=OPERATOR)
        self.kit_box.copy_to(key, f"{HOME}/.ssh/id_ed25519", user=OPERATOR)
        self.kit_box.copy_to(known, f"{HOME}/.ssh/known_hosts", user=OPERATOR)

    def install_kit(self, version):
        """As every bundle is installed: three files and setup.sh."""
        (tarball,) = self.project.root.glob(f"dist/*/app-kit-v{version}.tar.gz")
        for file in (tarball, f"{tarball}.sha256", self.project.root / "deploy/setup.sh"):
            self.kit_box.copy_to(file, f"{HOME}/", user=OPERATOR)
        return self.kit_box.ssh(f"sh setup.sh {version} {OPERATOR}", user=OPERATOR, check=False, timeout=300)

    def bring_bundles(self):
        target = self.project.tarball("1").parent.name
        self.kit_box.ssh(f"mkdir shared/data/{target}", user=OPERATOR)
        for version in ("1", "2"):
            for suffix in ("", ".sha256"):
                file = f"{self.project.tarball(version)}{suffix}"
                self.kit_box.copy_to(file, f"{HOME}/shared/data/{target}/", user=OPERATOR)

    def kit(self, verb, *assignments):
        """current/kit VERB on the kit's box, in a shell that has next to nothing."""
        words = " ".join(f"'{word}'" for word in (f"HOST={self.host}", *assignments))
        command = f"env -i HOME={HOME} PATH=/usr/bin:/bin current/kit {verb} {words}"
        result = self.kit_box.ssh(command, user=OPERATOR, check=False, timeout=300)
        print(result.stdout, result.stderr)
        return result

    def page(self):
        return self.box.ssh("curl -s http://127.0.0.1/version").stdout


@pytest.fixture(scope="module")
def gap(bundles):
    """The kit is installed, and the bundles lie where it looks for them."""
    with boot_box("debian-12") as kit_box, boot_box("debian-12") as box:
        gap = Gap(bundles, kit_box, box)
        result = gap.install_kit("k1")
        assert result.returncode == 0, result.stdout + result.stderr
        gap.bring_bundles()
        yield gap


def test_the_kit_s_box_has_nothing_and_reaches_nobody_else(gap):
    for name in ("python", "python3", "pip", "make", "gcc"):
        assert gap.kit_box.ssh(f"command -v {name}", check=False).returncode != 0
    routes = gap.kit_box.ssh("ip route").stdout.splitlines()
    assert {line.split()[0] for line in routes} == {"10.213.0.1", gap.box.address}
    assert gap.kit_box.ssh("ip route get 192.0.2.1", check=False).returncode != 0


def test_the_kit_serves_nothing(gap):
    listening = "ss -Hltn | grep -v ':22 ' | grep -v ':80 '"
    assert gap.kit_box.ssh(listening, check=False).stdout == ""
    assert gap.kit_box.ssh("crontab -l", user=OPERATOR, check=False).stdout == ""
    assert gap.kit_box.ssh("pgrep -u deploy gunicorn", check=False).stdout == ""


def test_from_a_bare_box_to_the_second_release_and_back(gap):
    """The one box has the tools and the bundles, the other the application; every verb works between them."""
    assert gap.kit("preflight", "VERSION=1", "USERNAME=app").returncode == 0
    for version in ("1", "2"):
        assert gap.kit("deploy", f"VERSION={version}", "USERNAME=app").returncode == 0
        assert gap.page() == version
    verified = gap.kit("verify", "VERSION=2")
    assert (verified.returncode, " 0 red" in verified.stdout) == (0, True)
    reports = gap.kit_box.ssh("ls shared/data/reports", user=OPERATOR).stdout.split()
    assert sorted(name.split(".")[-1] for name in reports) == ["html", "xml"]
    assert gap.kit("rollback").returncode == 0
    assert gap.page() == "1"
    assert "1        " in gap.kit("status").stdout
    assert gap.kit("restart").returncode == 0
    assert "GET /" in gap.kit("logs").stdout
    assert gap.kit("verify", "VERSION=1").returncode == 0


def test_what_is_wrong_is_red_from_there_too(gap):
    gap.kit("deploy", "VERSION=1", "USERNAME=app")
    gap.box.ssh("chmod 666 /opt/app/app-v1/app.py")
    verified = gap.kit("verify", "VERSION=1")
    gap.box.ssh("chmod 444 /opt/app/app-v1/app.py")
    assert verified.returncode == 1


def test_its_codes_are_those_of_the_scripts(gap):
    assert gap.kit("deploy", "VERSION=9", "USERNAME=app").returncode == 69
    assert gap.kit("deploy", "VERSION=1", "USERNAME=nobody-here").returncode == 78
    assert gap.kit("dance").returncode == 64


def test_the_kit_is_updated_and_rolled_back_like_any_bundle(gap):
    result = gap.install_kit("k2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert gap.kit_box.ssh("readlink current", user=OPERATOR).stdout == "app-kit-vk2\n"
    assert gap.kit("status").returncode == 0
    status = gap.kit_box.ssh("sh current/deploy/activate.sh --status", user=OPERATOR).stdout
    assert "should be in service" not in status
    assert gap.kit_box.ssh("sh current/deploy/activate.sh --back", user=OPERATOR).returncode == 0
    assert gap.kit_box.ssh("readlink current", user=OPERATOR).stdout == "app-kit-vk1\n"
    assert gap.kit("status").returncode == 0


def test_root_may_install_it_for_an_account(gap):
    gap.kit_box.ssh("useradd --create-home other")
    (tarball,) = gap.project.root.glob("dist/*/app-kit-vk1.tar.gz")
    for file in (tarball, f"{tarball}.sha256", gap.project.root / "deploy/setup.sh"):
        gap.kit_box.copy_to(file, "/root/")
    result = gap.kit_box.ssh("sh setup.sh k1 other", check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    shown = gap.kit_box.ssh("su - other -c '/opt/app-kit/current/kit help'").stdout
    assert [line.split()[1] for line in shown.splitlines()][:2] == ["help", "preflight"]
    units = gap.kit_box.ssh("ls /etc/systemd/system /etc/nginx/conf.d /etc/logrotate.d | grep app-kit", check=False)
    assert units.stdout == ""
    removed = gap.kit_box.ssh("sh /opt/app-kit/current/deploy/activate.sh --uninstall --remove-shared --yes")
    assert removed.returncode == 0
    assert gap.kit_box.ssh("ls /opt").stdout == ""
