"""What must be known of a box before it is deployed to: one pyinfra fact, asked in one round trip."""

import re
from typing import NamedTuple, Optional

from fleet.stopped import INTERNAL, Stopped
from pyinfra.api import FactBase

LINE = re.compile(r"([a-z_]+)=(.*)")
NEEDED = ("os", "version", "arch", "glibc", "login", "uid", "home")
SAFE_PATH = re.compile(r"/[A-Za-z0-9._/-]+")
UNITS = (".socket", "@.service", "-check@.socket", "-candidate@.socket", "-candidate@.service", "-settle@.service")

# The box's sh runs it; /etc/os-release is read, never sourced. A CentOS before 8 names its point release elsewhere.
QUESTIONS = r"""
value() { [ ! -f /etc/os-release ] || sed -n "s/^$1=//p" /etc/os-release | tr -cd "a-z0-9.\n" | sed -n 1p; }
os=$(value ID) version=$(value VERSION_ID)
if [ -f /etc/redhat-release ] && { [ -z "$os" ] || [ "$os" = centos ]; }; then
  os=centos version=$(sed -n "1s/.*release \([0-9]*\(\.[0-9]*\)\{0,1\}\).*/\1/p" /etc/redhat-release)
fi
echo "os=${os:-unknown}"; echo "version=${version:-unknown}"; echo "arch=$(uname -m)"
echo "glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed "s/^glibc //")"
echo "login=$(id -un)"; echo "uid=$(id -u)"; echo "home=$HOME"
sudo -n true 2>/dev/null && echo sudo=yes
[ ! -d /run/systemd/system ] || echo systemd=yes
"""


class Box(NamedTuple):
    """A box as its login sees it.

    `there` has those of the asked paths that exist; `current` what serves, by BASE; `releases` the complete ones, each
    as "BASE VERSION HASH", with the sha256 of its SHA256SUMS.
    """

    os: str
    version: str
    arch: str
    glibc: str
    login: str
    is_root: bool
    has_sudo: bool
    has_systemd: bool
    home: str
    there: frozenset
    current: dict
    releases: frozenset

    def base(self, mode: str, name: str) -> str:
        """Where setup.sh installs in that mode."""
        base = f"/opt/{name}" if mode == "root" else self.home
        if not SAFE_PATH.fullmatch(base):
            raise Stopped(INTERNAL, f"{base} has a name that cannot be passed on")
        return base


class BoxFact(FactBase):
    """The Box that a host is, as far as NAME and VERSION are concerned."""

    def command(self, app: str, version: str) -> str:
        """Both modes' paths are asked for: the mode follows from the answer."""
        paths = [*release_paths("/opt/" + app, app, version), *system_paths(app)]
        in_home = release_paths('"$HOME"', app, version)
        return f"""{QUESTIONS}
for path in {" ".join([*paths, *in_home])}; do [ ! -e "$path" ] || echo "there=$path"; done
for base in /opt/{app} "$HOME"; do [ ! -h "$base/current" ] || echo "current=$base $(readlink "$base/current")"; done
for mark in /opt/{app}/state/complete/* "$HOME"/state/complete/*; do
  base=${{mark%/state/complete/*}} release=${{mark##*/}}
  sums=$(sha256sum "$base/{app}-v$release/SHA256SUMS" 2>/dev/null) && echo "release=$base $release ${{sums%% *}}"
done
true"""

    def process(self, output: list) -> Optional[Box]:
        """None if an answer is missing. Lines that a login shell adds are passed over."""
        answers: dict[str, list[str]] = {}
        for match in filter(None, map(LINE.fullmatch, output)):
            answers.setdefault(match[1], []).append(match[2])
        if not answers.keys() >= set(NEEDED):
            return None
        os, version, arch, glibc, login, uid, home = (answers[key][0] for key in NEEDED)
        current = dict(line.split(" ", 1) for line in answers.get("current", []))
        return Box(
            os, version, arch, glibc, login, uid == "0", "sudo" in answers, "systemd" in answers, home,
            frozenset(answers.get("there", [])), current, frozenset(answers.get("release", [])),
        )  # fmt: skip


def release_paths(base: str, app: str, version: str) -> list[str]:
    """What an installation may have in its BASE already."""
    return [f"{base}/{path}" for path in (f"{app}-v{version}", "shared/app.env", f"state/complete/{version}")]


def unit_paths(app: str) -> list[str]:
    """What root mode writes for systemd."""
    suffixes = (*UNITS, ".socket.d/current.conf")
    return [f"/etc/systemd/system/{app}{suffix}" for suffix in suffixes]


def system_paths(app: str) -> list[str]:
    """All that root mode writes outside of BASE."""
    return [*unit_paths(app), f"/etc/nginx/conf.d/{app}.conf", f"/etc/logrotate.d/{app}"]
