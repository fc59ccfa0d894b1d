"""wheels/fix-repos.sh on the repository files that CentOS images carry, judged by the dnf that reads them.

No CentOS image can be had where this is tested: repositories/ has their files as those images have them.
"""

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import building
from lab.skip import Unavailable

pytestmark = pytest.mark.slow

systems = building.part("builder.systems")
targets = building.part("builder.targets")

FIXTURES = Path(__file__).with_name("repositories")
SCRIPT = building.TEMPLATE / "wheels/fix-repos.sh"
NO_PROXY = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


class Image:
    """A copy of an image's etc/, with the real dnf of this machine to read it."""

    def __init__(self, root, release):
        self.root, self.etc, self.release = root, root / "etc", release
        shutil.copytree(FIXTURES / f"centos-{release}", root)
        self.own = root / "dnf.conf"  # so that nothing of this machine's dnf has a say
        self.own.write_text("[main]\n")

    def fix(self, version):
        vault = systems.of_target(targets.Target("centos", version, "x86_64", "")).vault
        environment = {"PATH": "/usr/bin:/bin", "ROOT": str(self.root), "VAULT": vault}
        subprocess.run(["bash", SCRIPT], env=environment, check=True)

    def dnf(self, *arguments):
        if not shutil.which("dnf"):
            raise Unavailable("repository files are judged by dnf, which is missing; run make setup as root")
        variables = self.etc / ("dnf/vars" if int(self.release) > 7 else "yum/vars")
        options = {"reposdir": self.etc / "yum.repos.d", "varsdir": variables, "logdir": "/log", "cachedir": "/cache"}
        command = ["dnf", f"--config={self.own}", f"--installroot={self.root}", f"--releasever={self.release}"]
        command += ["--forcearch=x86_64", *(f"--setopt={name}={value}" for name, value in options.items())]
        result = subprocess.run([*command, "config-manager", *arguments], env=NO_PROXY, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def repositories(self):
        """What dnf would use: {id: (base URLs, list of mirrors or metalink)} of the repositories that are on."""
        parser = configparser.RawConfigParser(strict=False)
        lines = self.dnf("--dump", "*").splitlines()
        parser.read_string("\n".join(line for line in lines if not line.startswith("====")))
        names = [name for name in parser.sections() if parser[name].get("enabled") == "1" and name[0] != "_"]
        return {name: self.source(parser[name]) for name in names}

    @staticmethod
    def source(section):
        return (section.get("baseurl", ""), section.get("mirrorlist", "") or section.get("metalink", ""))

    def files(self):
        return {path.relative_to(self.etc): path.read_text() for path in self.etc.rglob("*") if path.is_file()}


@pytest.fixture
def image(tmp_path):
    return lambda release: Image(tmp_path / release, release)


ARCHIVE_5, VAULT = "http://archive.kernel.org/centos-vault/5.11", "https://vault.centos.org"
# What dnf must end up with, from the facts about archives.
EXPECTED = {
    ("5", "5.11"): {
        name: f"{ARCHIVE_5}/{path}/x86_64/"
        for name, path in (("base", "os"), ("updates", "updates"), ("extras", "extras"))
    },
    ("6", "6"): {
        **{
            name: f"{VAULT}/6.10/{path}/x86_64/"
            for name, path in (("base", "os"), ("updates", "updates"), ("extras", "extras"))
        },
        "centos-sclo-rh": f"{VAULT}/6.10/sclo/x86_64/rh/",
    },
    ("7", "7.4"): {
        name: f"{VAULT}/7.4.1708/{path}/x86_64/"
        for name, path in (("base", "os"), ("updates", "updates"), ("extras", "extras"))
    },
    ("7", "7"): {
        name: f"{VAULT}/7.9.2009/{path}/x86_64/"
        for name, path in (("base", "os"), ("updates", "updates"), ("extras", "extras"))
    },
    ("8", "8"): {
        name: f"{VAULT}/centos/8/{path}/x86_64/os/"
        for name, path in (("baseos", "BaseOS"), ("appstream", "AppStream"), ("extras", "extras"))
    },
}


@pytest.mark.parametrize("release, version", EXPECTED)
def test_dnf_ends_up_at_the_archive(image, release, version):
    image = image(release)
    image.fix(version)
    assert image.repositories() == {name: (url, "") for name, url in EXPECTED[release, version].items()}


@pytest.mark.parametrize("release", ["5", "6", "7", "8"])
def test_doing_it_again_changes_nothing(image, release):
    """Updates and *-release packages put old files back, so it runs after each step."""
    image = image(release)
    image.fix(release)
    once = image.files()
    image.fix(release)
    assert image.files() == once
    shutil.copytree(FIXTURES / f"centos-{release}", image.root, dirs_exist_ok=True)
    image.fix(release)
    assert image.files() == once


@pytest.mark.parametrize("release", ["5", "6", "7", "8"])
def test_media_and_other_hosts_stay_as_they_are(image, release):
    image = image(release)
    before = image.files()
    image.fix(release)
    after = image.files()
    assert "http://mirror.centos.org" not in "".join(after.values())
    for path, text in before.items():
        if "Media" in path.name or "Vault" in path.name:
            assert after[path] == text, path


def test_the_traps_of_centos_5(image):
    image = image("5")
    image.fix("5")
    assert "multilib_policy=best" in (image.etc / "yum.conf").read_text().splitlines()
    assert not (image.etc / "yum.repos.d/libselinux.repo").exists()


@pytest.mark.parametrize("release", ["5", "6", "7"])
def test_fastestmirror_is_off(image, release):
    image = image(release)
    image.fix(release)
    assert "enabled=0" in (image.etc / "yum/pluginconf.d/fastestmirror.conf").read_text().splitlines()


@pytest.mark.parametrize("release, repository", [("8", "powertools"), ("9", "crb"), ("10", "crb")])
def test_the_repository_of_build_dependencies_exists_and_can_be_switched_on(image, release, repository):
    row = systems.known()["centos"][release]
    assert row["repository"] == repository
    image = image(release)
    if "vault" in row:
        image.fix(release)
    assert repository not in image.repositories()
    image.dnf("--set-enabled", repository)
    urls, mirrors = image.repositories()[repository]
    expected = {
        "8": (f"{VAULT}/centos/8/PowerTools/x86_64/os/", ""),
        "9": ("", "https://mirrors.centos.org/metalink?repo=centos-crb-9-stream&arch=x86_64&protocol=https,http"),
        "10": ("", "https://mirrors.centos.org/metalink?repo=centos-crb-10-stream&arch=x86_64&protocol=https,http"),
    }
    assert (urls, mirrors) == expected[release]


@pytest.mark.parametrize("name", ["centos 9", "centos 10", "rocky 8", "rocky 9", "almalinux 8", "almalinux 10"])
def test_systems_with_mirrors_are_left_alone(name):
    system, version = name.split()
    assert systems.of_target(targets.Target(system, version, "x86_64", "")).vault == ""
