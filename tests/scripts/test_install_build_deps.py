"""wheels/install-build-deps.sh on each family of systems, with stubs for the package managers: the whole log."""

import os
import subprocess

import pytest

import building

pairs = building.part("builder.pairs")
systems = building.part("builder.systems")
targets = building.part("builder.targets")

WHEELS = building.TEMPLATE / "wheels"
TOOLS = ("bash", "sed", "grep", "xargs", "dirname", "cat", "rm")


class Machine:
    """A machine with these package managers and nothing else that could install."""

    def __init__(self, root, managers):
        self.root, self.log = root, root / "log"
        self.path = root / "bin"
        self.path.mkdir()
        for tool in TOOLS:
            (self.path / tool).symlink_to(f"/usr/bin/{tool}")
        for name in (*managers, "touch"):
            self.stub(name)
        # fix-repos.sh has tests of its own: here it only notes that it was called, and with what.
        (root / "scripts").mkdir()
        (root / "scripts/install-build-deps.sh").write_text((WHEELS / "install-build-deps.sh").read_text())
        (root / "scripts/fix-repos.sh").write_text(f'echo "fix-repos $VAULT" >>{self.log}\n')

    def stub(self, name, status=0):
        limit = " ($(ulimit -S -n) files)" if name == "yum" else ""
        (self.path / name).write_text(f'#!/bin/sh\necho "{name} $*{limit}" >>{self.log}\nexit {status}\n')
        (self.path / name).chmod(0o755)

    def install(self, system):
        environment = {"PATH": str(self.path), "VAULT": system.vault, "REPOSITORY": system.repository}
        command = ["bash", self.root / "scripts/install-build-deps.sh"]
        return subprocess.run(
            command, env={**environment, "PACKAGES": str(system.packages)}, capture_output=True, text=True
        )

    def calls(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


def system(name, version, python="3.9.2"):
    target = targets.Target(name, version, "x86_64", python)
    return systems.of_target(target, pairs.of_target(target).packages)


def listed(name):
    return " ".join(
        line for line in (WHEELS / f"packages/{name}.txt").read_text().split("\n") if line and line[0] != "#"
    )


@pytest.fixture
def machine(tmp_path):
    return lambda *managers: Machine(tmp_path, managers)


def rpm_database():
    files = sorted(os.listdir("/var/lib/rpm")) if os.path.isdir("/var/lib/rpm") else []
    return " ".join(f"/var/lib/rpm/{name}" for name in files) or "/var/lib/rpm/*"


YUM = {
    ("centos", "5.11", "2.7.18"): ("centos-5", "http://archive.kernel.org/centos-vault/5.11"),
    ("centos", "6", "2.7.18"): ("centos-6", "https://vault.centos.org/6.10"),
    ("centos", "7.4", "3.9.2"): ("centos-7", "https://vault.centos.org/7.4.1708"),
    ("centos", "7", "3.9.2"): ("centos-7", "https://vault.centos.org/7.9.2009"),
}


@pytest.mark.parametrize("row", YUM, ids=" ".join)
def test_yum_is_mended_before_and_after(machine, row):
    packages, vault = YUM[row]
    machine = machine("yum")
    assert machine.install(system(*row)).returncode == 0
    assert machine.calls() == [
        f"touch {rpm_database()}",
        f"fix-repos {vault}",
        f"yum -y install {listed(packages)} (1024 files)",
        f"fix-repos {vault}",
        "yum clean all (1024 files)",
    ]


def test_a_release_package_comes_first_and_its_files_are_mended(machine):
    machine = machine("yum")
    assert machine.install(system("centos", "6", "3.8.1")).returncode == 0
    rest = listed("centos-6-devtoolset").replace("centos-release-scl-rh ", "")
    assert "devtoolset-8-gcc" in rest
    assert machine.calls() == [
        f"touch {rpm_database()}",
        "fix-repos https://vault.centos.org/6.10",
        "yum -y install centos-release-scl-rh (1024 files)",
        "fix-repos https://vault.centos.org/6.10",
        f"yum -y install {rest} (1024 files)",
        "fix-repos https://vault.centos.org/6.10",
        "yum clean all (1024 files)",
    ]


def test_dnf_of_centos_8_is_mended_and_gets_powertools(machine):
    """It has a yum as well, which is dnf under another name."""
    machine = machine("yum", "dnf")
    vault = "fix-repos https://vault.centos.org/$contentdir/$releasever"
    assert machine.install(system("centos", "8")).returncode == 0
    assert machine.calls() == [
        vault,
        "dnf -y install dnf-plugins-core",
        vault,
        "dnf config-manager --set-enabled powertools",
        f"dnf -y install {listed('el-8')}",
        vault,
        "dnf clean all",
    ]


@pytest.mark.parametrize(
    "name, version, packages, repository",
    [
        ("rocky", "8", "el-8", "powertools"),
        ("almalinux", "8.10", "el-8", "powertools"),
        ("centos", "9", "el-9", "crb"),
        ("rocky", "9.4", "el-9", "crb"),
        ("almalinux", "9", "el-9", "crb"),
        ("centos", "10", "el-10", "crb"),
        ("rocky", "10", "el-10", "crb"),
        ("almalinux", "10", "el-10", "crb"),
    ],
)
def test_dnf_with_mirrors_gets_its_repository(machine, name, version, packages, repository):
    machine = machine("yum", "dnf")
    assert machine.install(system(name, version)).returncode == 0
    assert machine.calls() == [
        "dnf -y install dnf-plugins-core",
        f"dnf config-manager --set-enabled {repository}",
        f"dnf -y install {listed(packages)}",
        "dnf clean all",
    ]


@pytest.mark.parametrize("name, version", [("debian", "11"), ("debian", "13"), ("ubuntu", "22.04")])
def test_apt_updates_first(machine, name, version):
    machine = machine("apt-get")
    assert machine.install(system(name, version)).returncode == 0
    assert machine.calls() == [
        "apt-get -o Acquire::Retries=3 update",
        f"apt-get -o Acquire::Retries=3 install --yes --no-install-recommends {listed('debian')}",
        "apt-get clean",
    ]


def test_what_each_family_must_have():
    """Where the names differ between releases; _uuid wants libuuid-devel, which CentOS 5 has in e2fsprogs-devel."""
    five, six, seven, nine, ten = (
        listed(name).split() for name in ("centos-5", "centos-6", "centos-7", "el-9", "el-10")
    )
    assert {"db4-devel", "e2fsprogs-devel"} <= set(five) and not {"libuuid-devel", "openssl-devel"} & set(five)
    assert {"db4-devel", "libuuid-devel", "openssl-devel", "libffi-devel", "xz-devel"} <= set(six)
    assert "libdb-devel" in seven and "db4-devel" not in seven
    assert "libdb-devel" in nine and "libdb-devel" not in ten and "gdbm-devel" in ten
    assert "uuid-devel" not in {*five, *six, *seven, *nine, *ten}
    assert {"libzstd-dev", "uuid-dev", "perl"} <= set(listed("debian").split())


@pytest.mark.parametrize("manager", ["apt-get", "dnf", "yum"])
def test_a_package_manager_that_fails_ends_it(machine, manager):
    machine = machine(manager)
    machine.stub(manager, status=1)
    name = {"apt-get": "debian", "dnf": "rocky", "yum": "centos"}[manager]
    assert machine.install(system(name, {"debian": "12", "rocky": "9", "centos": "7"}[name])).returncode == 1
    assert len([call for call in machine.calls() if call.startswith(manager)]) == 1


def test_a_system_without_any_is_refused(machine):
    machine = machine()
    result = machine.install(system("debian", "12"))
    assert (result.returncode, result.stderr) == (69, "error: this system has no apt-get, dnf or yum\n")
    assert machine.calls() == []
