"""Bundles that bring no interpreter: their box compiles it from source, or has its own; what it lacks is named."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.box import boot_box
from operating import BASE, LOGIN

NAME = "python3.11"


@pytest.fixture(scope="module")
def modes(project):
    """The project with a release of each mode: prebuilt, source and none."""
    for mode in ("prebuilt", "source", "none"):
        project.build(mode, INTERPRETER=mode)
    return project


def ship(project, box, version, mode="root", *options):
    host = f"{LOGIN[mode]}@{box.address}"
    return project.run("deploy/ship.sh", *options, host, version, USERNAME="app", SSH_CONFIG=box.ssh_config)


def deploy(project, box, version, mode="root"):
    result = ship(project, box, version, mode)
    assert result.returncode == 0, result.stdout + result.stderr
    assert box.ssh("curl -sf http://127.0.0.1:1337/version").stdout == version
    return result


def verify(project, box, version, mode="root"):
    return project.run("deploy/verify.sh", f"{LOGIN[mode]}@{box.address}", version, SSH_CONFIG=box.ssh_config)


def runs_on(box, mode="root"):
    """The executable of the release in service, as the kernel tells it; a former one may still be ending."""
    pid = f'$(pgrep -u app -f "$(readlink -f {BASE[mode]}/current)/venv/bin/gunicorn" | head -n 1)'
    return box.ssh(f"readlink /proc/{pid}/exe").stdout.strip()


def test_what_compiling_needs_and_the_box_lacks_is_all_named_at_once(modes, debian_box):
    result = ship(modes, debian_box, "source", "root", "--check")
    assert result.returncode == 78
    (line,) = [line for line in result.stderr.splitlines() if "compiling" in line]
    needed, _, packages = line.partition(": apt-get install ")
    assert {"gcc", "make", "openssl/ssl.h", "zlib.h", "sqlite3.h"} <= set(needed.split())
    assert {"gcc", "make", "libssl-dev", "zlib1g-dev", "libsqlite3-dev"} <= set(packages.split())
    assert not {"bash", "perl"} & set(needed.split())
    assert debian_box.ssh("ls /opt").stdout == ""


def needed_space(modes, box):
    """The KiB and the inodes that setup.sh asks for below a full /opt."""
    box.ssh("mount -t tmpfs -o size=1m,nr_inodes=100 none /opt")
    result = ship(modes, box, "source", "root", "--check")
    box.ssh("umount /opt")
    assert result.returncode == 78
    return [int(number) for number in re.findall(r"free, ([0-9]+) (?:KiB )?are needed", result.stderr)]


def test_space_for_compiling_is_asked_for(modes, debian_box):
    kib, inodes = needed_space(modes, debian_box)
    assert kib > 300 * 1024 and inodes > 9000


def test_a_box_without_that_python_is_told_what_to_install(modes, debian_box):
    result = ship(modes, debian_box, "none")
    assert result.returncode == 78
    assert f"no Python 3.11 is here: apt-get install {NAME}, or build with INTERPRETER=prebuilt" in result.stderr
    assert debian_box.ssh("ls /opt").stdout == ""


@pytest.mark.parametrize("mode", ["root", "user"])
def test_the_box_s_own_python_serves(modes, mode):
    with boot_box("debian-12", more=(NAME,)) as box:
        deploy(modes, box, "none", mode)
        assert runs_on(box, mode) == f"/usr/bin/{NAME}"
        result = verify(modes, box, "none", mode)
        assert (result.returncode, " 0 red" in result.stdout) == (0, True), result.stdout + result.stderr
        assert f"this box's own Python, /usr/bin/{NAME}, is its system's business, and no bundle" in result.stdout
        # It hands over to a release that brings its own, and takes over again.
        deploy(modes, box, "prebuilt", mode)
        assert runs_on(box, mode).startswith(f"{BASE[mode]}/python-3.11.2-")
        activate = f"sh {BASE[mode]}/current/deploy/activate.sh --back"
        assert box.ssh(activate, user=LOGIN[mode]).returncode == 0
        assert runs_on(box, mode) == f"/usr/bin/{NAME}"


def test_an_earlier_release_s_python_serves_and_is_not_pruned(modes, box):
    deploy(modes, box, "prebuilt")
    interpreter = runs_on(box)
    deploy(modes, box, "none")
    assert runs_on(box) == interpreter
    box.ssh("rm /opt/app/state/good/prebuilt /opt/app/state/complete/prebuilt && rm -rf /opt/app/app-vprebuilt")
    assert box.ssh("sh /opt/app/current/deploy/activate.sh").returncode == 0
    assert runs_on(box) == interpreter
    assert verify(modes, box, "none").returncode == 0


def needed_packages(modes, box):
    """What setup.sh asks for on a box that has no compiler."""
    result = ship(modes, box, "source", "root", "--check")
    (line,) = [line for line in result.stderr.splitlines() if "compiling" in line]
    return tuple(line.partition(": apt-get install ")[2].split())


@pytest.mark.full
def test_it_is_compiled_on_the_box_as_the_article_does(modes, debian_box):
    """With the packages and the space that it asked for, and no more; a second release shares what was compiled."""
    kib, inodes = needed_space(modes, debian_box)
    with boot_box("debian-12", more=needed_packages(modes, debian_box)) as box:
        box.ssh(f"mount -t tmpfs -o size={kib + 8}k,nr_inodes={inodes + 8} none /opt")
        stop_in_the_middle(modes, box)
        deploy(modes, box, "source")
        local = runs_on(box).rpartition("/bin/")[0]
        assert local.startswith("/opt/app/python-3.11.2-") and local.endswith("/local")
        imports = "import ssl, ctypes, sqlite3, lzma, bz2, readline, curses, dbm.gnu, uuid, zlib, hashlib, _hashlib"
        assert box.ssh(f'/opt/app/current/venv/bin/python -c "{imports}"', user="app").stderr == ""
        result = verify(modes, box, "source")
        assert (result.returncode, " 0 red" in result.stdout) == (0, True), result.stdout + result.stderr
        modes.build("another", INTERPRETER="source")
        assert "is here already" in deploy(modes, box, "another").stdout
        box.ssh(f"echo >>{local}/lib/python3.11/os.py")
        red = [line for line in verify(modes, box, "another").stdout.splitlines() if line.startswith("    RED")]
        assert len(red) == 1 and "every file of a Python that was compiled on this box" in red[0], red
        deploy(modes, box, "prebuilt")


def stop_in_the_middle(modes, box):
    """Nothing is left of a compiling that was interrupted."""
    with ThreadPoolExecutor() as pool:
        deployment = pool.submit(ship, modes, box, "source")
        assert box.wait_for(lambda: deployment.done() or box.ssh("pgrep make").stdout != "", seconds=600)
        assert not deployment.done(), deployment.result()
        box.ssh("pkill -TERM -f '^sh setup.sh '")
        assert deployment.result().returncode == 70
    assert box.ssh("pgrep -c 'make|cc1|bash'", check=False).stdout.strip() == "0"
    assert box.ssh("ls /opt").stdout == ""
