"""What the fault tests share: faults, a client that never stops asking, and the invariants of FAULTS."""

import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

import operating
from lab.command import wait_until
from lab.load import enter_network

INJECT = Path(__file__).with_name("inject.py")
SETTLING_SECONDS = 60
# One mode in `make test`, both in `make test-all`; both in each; the fixture is conftest's.
USER_IN_FULL = ["root", pytest.param("user", marks=pytest.mark.full)]
one_mode = pytest.mark.parametrize("installation", USER_IN_FULL, indirect=True, scope="module")
both_modes = pytest.mark.parametrize("installation", ["root", "user"], indirect=True, scope="module")
# Answers the version of `current`, of the boot default, and of every process that serves; and what is half-way.
AGREEMENT = r"""
cd {base}
echo "current $(readlink current)"
if [ {mode} = root ]; then
  sed -n 's/^Service=app@\(.*\)\.service/port app-v\1/p' /etc/systemd/system/app.socket.d/current.conf
  ls /etc/systemd/system/multi-user.target.wants | sed -n 's/^app@\(.*\)\.service/boot app-v\1/p'
fi
for process in $(pgrep -u app -f '[b]in/gunicorn'); do
  echo "process $(basename "$(readlink /proc/$process/cwd)")"
done
ls state/switching state/settings.former 2>/dev/null | sed 's/^/half-way /'
flock -n state/lock true || echo "half-way locked"
[ -n "$(readlink current)" ] || {{
  crontab -l | grep {base}/current/deploy
  ls /etc/systemd/system/*.wants | grep '^app[@.]'
}} 2>/dev/null | sed 's/^/left /'
true
"""


class Installation(operating.Installation):
    """The app on a box, in root or in user mode, where faults are put in its way."""

    def forget_release_3(self):
        """As if nobody had ever deployed it; its files are read-only."""
        self.ssh(f"cd {self.base} && {{ chmod -R u+w app-v3; rm -rf app-v3 state/*/3; }}")

    def inject(self, kind, step, command, version="", settings=""):
        """Run a command of the release code with one step killed or failing."""
        release = f"app-v{version}" if version else "$(readlink current)"
        place = f"cat >/tmp/inject.py; cd {self.base}; release={self.base}/{release}"
        python = f"{self.base}/$(sed -n s/^PYTHON_DIR=//p $release/BUNDLE)/bin/python3 -E -s -B"
        line = f"env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME={self.base} {python} /tmp/inject.py {kind} {step}"
        arguments = f"$release/deploy/release {command} --settings '{settings}' {self.base} app {version}"
        return self.ssh(f"{place}; {line} {arguments}", check=False, timeout=180, input=INJECT.read_text())

    def steps(self, command, version="", settings=""):
        """Run a command to its end; how many steps it took."""
        result = self.inject("count", 0, command, version, settings)
        assert result.returncode == 0, result.stdout + result.stderr
        return int(result.stdout.rsplit("steps: ", 1)[1])

    def current(self):
        return self.ssh(f"readlink {self.base}/current", check=False).stdout.strip().removeprefix("app-v")

    def agreement(self):
        """The versions that `current`, the boot default and the processes name, and what is half-way or left."""
        text = self.ssh(AGREEMENT.format(base=self.base, mode=self.mode)).stdout
        found = {}
        for line in text.splitlines():
            kind, _, release = line.partition(" ")
            found.setdefault(kind, set()).add(release)
        return found

    def settled(self):
        """Wait until nothing is half-way; the one version that everything agrees on (I2), or nothing at all."""
        kinds = {"root": {"current", "port", "boot", "process"}, "user": {"current", "process"}}[self.mode]

        def agree():
            nonlocal found
            found = self.agreement()
            wanted = {"current"} if found["current"] == {""} else kinds
            return set(found) == wanted and len(set().union(*found.values())) == 1

        found = {}
        assert wait_until(agree, SETTLING_SECONDS), found
        (release,) = found["current"]
        return release.removeprefix("app-v")

    def intact(self):
        """Every complete release and its interpreter has exactly its listed content (I5)."""
        command = "for v in $(ls state/complete); do sha256sum --quiet -c app-v$v/SHA256SUMS || exit 1; done"
        result = self.ssh(f"cd {self.base} && {command}", check=False)
        return result.returncode == 0 or result.stdout + result.stderr


class Client(threading.Thread):
    """Asks for /version again and again; `wrong` collects everything that is not a 200 from a known version."""

    def __init__(self, url, versions, network=None):
        super().__init__(daemon=True)
        self.url = url
        self.network = network
        self.versions = versions
        self.asked = 0
        self.wrong = []
        self._stop_asking = threading.Event()

    def run(self):
        if self.network:
            enter_network(self.network)
        while not self._stop_asking.wait(0.02):
            self.asked += 1
            found = self._ask()
            if found not in self.versions:
                self.wrong.append((time.strftime("%X"), found))

    def _ask(self):
        try:
            with urllib.request.urlopen(self.url, timeout=20) as answer:
                return answer.read().decode()
        except (OSError, urllib.error.URLError) as reason:
            return repr(reason)

    def stop(self):
        self._stop_asking.set()
        self.join()


@contextmanager
def asking(installation, *versions):
    """Within, a client asks all the while and gets nothing but good answers of these versions (I1)."""
    box = installation.box
    if installation.mode == "root":
        client = Client(f"http://{box.address}/version", versions)
    else:  # on loopback only: asked from within
        client = Client("http://127.0.0.1:1337/version", versions, Path("/run/netns", box.name))
    client.start()
    try:
        yield client
    finally:
        client.stop()
    assert client.asked and not client.wrong, client.wrong[:10]
