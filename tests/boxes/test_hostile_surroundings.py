"""A hostile environment, a bundle that is swapped while it is installed, and secrets that must stay secret."""

import subprocess
from pathlib import Path

import pytest

from faults import USER_IN_FULL, Installation
from lab.box import boot_box
from lab.project import environment

# Libraries of the GNU C library and of gcc's runtime, which every box has (PEP 513's list, without X11 and GLib).
BASE_LIBRARIES = {
    *("linux-vdso.so.1", "ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"),
    *("libutil.so.1", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libresolv.so.2"),
}
HOSTILE = (
    "PATH=/tmp/evil:/nonexistent PYTHONPATH=/tmp/evil PYTHONHOME=/nonexistent PYTHONSTARTUP=/tmp/evil/startup.py "
    "PIP_INDEX_URL=http://10.0.0.1/ PIP_NO_INDEX=0 PIP_TARGET=/tmp/evil PIP_REQUIRE_VIRTUALENV=1 "
    "LD_LIBRARY_PATH=/tmp/evil TAR_OPTIONS=--exclude=app.py GUNICORN_CMD_ARGS=--bind=0.0.0.0:80 "
    "LC_ALL=tr_TR.UTF-8 TMPDIR=/nonexistent"
)
# User mode goes to the account's home, which its HOME names.
HOSTILE_HOME = {"root": "HOME=/nonexistent", "user": ""}


@pytest.fixture(scope="module", params=USER_IN_FULL)
def installation(request, project):
    """A box to which release 1 was brought in the worst of circumstances."""
    project.build("1")
    with boot_box("debian-12") as box:
        installation = Installation(project, box, request.param)
        bring(installation, ".")
        box.ssh("mkdir /tmp/evil; for tool in tar awk python3 sha256sum id; do ln -s /bin/false /tmp/evil/$tool; done")
        box.ssh("echo 'raise SystemExit(\"evil\")' | tee /tmp/evil/sitecustomize.py >/tmp/evil/json.py")
        box.ssh("mount -t tmpfs -o noexec,mode=1777 tmpfs /var/tmp && mount --bind -o noexec /tmp /tmp")
        installation.ssh(f"umask 077; env {HOSTILE} {HOSTILE_HOME[request.param]} /bin/sh setup.sh 1 app")
        yield installation


def bring(installation, directory):
    tarball = installation.project.tarball("1")
    for path in (tarball, Path(f"{tarball}.sha256"), installation.project.root / "deploy/setup.sh"):
        installation.box.copy_to(path, directory, installation.user)


def test_a_hostile_environment_changes_nothing(installation):
    """FAULTS 26 and 25 (umask)."""
    assert installation.page() == "1"
    assert installation.intact() is True
    verified = installation.project.make("verify", HOST=installation.host, SSH_CONFIG=installation.box.ssh_config)
    assert verified.returncode == 0, verified.stdout


def test_no_file_needs_a_library_that_the_box_may_lack(installation):
    """FAULTS 26: whatever is not the release's own comes with every system."""
    modules = "find python-*/bin python-*/lib/python* app-v1/venv -type f -name '*.so' -o -type f -name 'python3.*'"
    lines = installation.ssh(f"cd {installation.base} && ldd $({modules}) 2>/dev/null").stdout.splitlines()
    foreign = {line.split()[0] for line in lines if line.startswith("\t") and f"{installation.base}/" not in line}
    names = {name.rpartition("/")[2] for name in foreign}
    assert "libc.so.6" in names
    assert names <= BASE_LIBRARIES | {"statically"}


def test_the_bytes_that_were_checked_are_the_ones_that_are_used(installation):
    """FAULTS 24: the bundle in the account's hands changes all the time."""
    installation.box.ssh("mkdir -p /home/app/swap && chown app /home/app/swap")
    bring(installation, "/home/app/swap")
    app = (installation.project.root / "project/app.py").read_text()
    with installation.project.changed("project/app.py", app + "\nEVIL = True\n"):
        evil = installation.project.build("1")
    installation.box.copy_to(evil, "/home/app/swap/evil", installation.user)
    base = installation.base
    installation.project.build("1")
    there, here = "cp good new; mv new app-v1.tar.gz", "cp evil new; mv new app-v1.tar.gz"
    swap = f"cd swap; cp app-v1.tar.gz good; while :; do {there}; {here}; done"
    ssh = ["ssh", "-F", installation.box.ssh_config, f"app@{installation.box.address}", swap]
    with subprocess.Popen(ssh, env=environment()) as swapping:
        for _ in range(4):
            uninstall = f"sh {base}/current/deploy/activate.sh --uninstall --remove-shared --yes"
            installation.ssh(f"[ ! -e {base}/current ] || {uninstall}")
            result = installation.ssh("cd /home/app/swap && sh setup.sh 1 app", check=False, timeout=120)
            assert result.returncode in (0, 65), result.stderr
            assert installation.ssh(f"grep -c EVIL {base}/app-v1/app.py", check=False).stdout.strip() in ("0", "")
        swapping.kill()
    installation.box.ssh("pkill -KILL -u app -f swap", check=False)


def test_secrets_stay_where_they_are(installation):
    """FAULTS 29: what is in app.env is seen in no process list, no log, no bundle, and by no other account."""
    bring(installation, ".")
    installation.ssh("sh setup.sh 1 app")
    box, base, secret = installation.box, installation.base, "correct-horse-battery-staple"
    installation.write_settings(f"SECRET_KEY={secret}\n")
    assert installation.activate("--restart").returncode == 0
    assert installation.page("/") != ""
    assert secret not in box.ssh("ps axww -o args").stdout
    assert secret not in box.ssh(f"cat {base}/logs/* {base}/state/deploy.log; journalctl --no-pager").stdout
    others = box.ssh(f"cat {base}/shared/app.env", user="deploy", check=False)
    assert others.returncode != 0
