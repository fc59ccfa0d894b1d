"""setup.sh as an account without rights runs it, in a home that is made for one test."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "deploy" / "setup.sh"


@contextmanager
def made_home():
    """The home of that account, in which setup.sh and the bundle lie.

    Not below pytest's own directory, which every pytest that starts on this machine closes to other accounts.
    """
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(SETUP, directory)
        os.chown(directory, account().pw_uid, account().pw_gid)
        yield Path(directory)


def account():
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def switch():
    entry = account()
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def as_account(*command):
    return subprocess.Popen(command, cwd="/", stdout=subprocess.PIPE, **switch())


def run(home, *arguments, shell=("dash",), environment=None):
    arguments = arguments or ("1", account().pw_name)
    return subprocess.run(
        [*shell, "setup.sh", *arguments],
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"], **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        **switch(),
    )


def contents(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def complete(home, bundle):
    """Mark a bundle that setup.sh put in place as what the real interpreter would have made of it."""
    (home / "state/complete" / bundle.version).touch()


def tree(home, *names):
    """Kind, mode and content of everything below directories of a home."""
    found = {}
    for name in names:
        for path in [home / name, *(home / name).rglob("*")]:
            kind = stat.S_IFMT(path.lstat().st_mode), stat.S_IMODE(path.lstat().st_mode)
            found[str(path.relative_to(home))] = (*kind, path.read_bytes() if path.is_file() else b"")
    return found


def refused(home, result, code, message):
    """Assert that setup.sh of version 2 was refused with one message, and left nothing of the new release."""
    assert (result.returncode, result.stderr.count("error: ")) == (code, 1), result.stdout + result.stderr
    assert message in result.stderr
    assert not (home / "app-v2").exists()
    assert not list((home / "state").glob("staging.*"))
    assert "handed over" not in result.stdout
