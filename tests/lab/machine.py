"""Boot the root tree of a box with systemd-nspawn, and end it, gently or not."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from lab.cgroup import make_groups
from lab.command import wait_until
from lab.network import Cable, processes_behind

# Writes its own number into each file named before `--`, then becomes the command after it.
JOIN_GROUPS = 'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"'


def power_on(cable: Cable, root: Path, console: Path) -> subprocess.Popen[bytes]:
    """Boot `root` at the end of `cable`; what the box prints goes to the file `console`. Returns at once."""
    groups = make_groups(cable.namespace)
    command = ["sh", "-c", JOIN_GROUPS, "sh", *groups, "--", *nspawn(cable, root, keep_unit=bool(groups))]
    # On a server /tmp is what its system makes of it; nspawn would put a tmpfs there.
    environment = os.environ | {"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}
    with open(console, "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the tests, which then put the box away in order
        )


def nspawn(cable: Cable, root: Path, keep_unit: bool) -> list[str]:
    """The command line. With `keep_unit` nspawn stays in the group that it was started in."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        f"--directory={root}",
        f"--machine={cable.namespace}",
        f"--network-namespace-path=/run/netns/{cable.namespace}",
        "--register=no",
        *(["--keep-unit"] if keep_unit else []),
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
    ]


def power_off(process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Shut down in order, as its power button would. Raises subprocess.TimeoutExpired after `seconds`."""
    process.send_signal(signal.SIGTERM)
    process.wait(seconds)


def is_on(cable: Cable) -> bool:
    """Whether a box runs at the end of `cable`."""
    return bool(processes_behind(cable))


def power_cut(cable: Cable) -> None:
    """End every process in the box at once, without a word to any of them, whoever booted it."""
    wait_until(lambda: not killed(processes_behind(cable)), seconds=10)


def killed(processes: list[int]) -> list[int]:
    """Send SIGKILL to `processes`; returns them."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return processes
