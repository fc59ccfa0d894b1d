"""A pyinfra connector over the system's own ssh and scp.

pyinfra's own connector is paramiko, which understands a part of ssh's configuration and takes unknown hosts by default
(pyinfra, connectors/ssh.py). Here the user's ~/.ssh/config, jump hosts, agent and known hosts count as in a terminal.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, Optional

import gevent
from gevent.subprocess import DEVNULL, PIPE, Popen
from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors.base import BaseConnector, DataMeta
from pyinfra.connectors.util import (
    CommandOutput,
    OutputLine,
    extract_control_arguments,
    make_unix_command_for_host,
)
from typing_extensions import TypedDict

LOST = 255  # ssh(1): its own failure, not the command's
UNKNOWN_HOST = "; log in once with ssh, and compare the fingerprint that it shows with the box's own"


class Data(TypedDict):
    """What the connector is told of each host."""

    openssh_options: list
    openssh_prefix: str


class OpenSSH(BaseConnector):
    """One connection to one box, which all commands and uploads share; `host.name` is [user@]box, as ssh knows it.

    `host.connector_data` has the last command's exit "status", of which pyinfra itself tells only whether it was 0, and
    its "last_words".
    """

    handles_execution = True
    data_cls = Data
    data_meta = {
        "openssh_options": DataMeta("Options for ssh and scp", []),
        "openssh_prefix": DataMeta("What each line of the box is shown behind", ""),
    }

    @staticmethod
    def make_names_data(name):
        """The one host that @openssh/NAME stands for, called NAME."""
        yield name, {}, []

    def connect(self) -> None:
        """Open the connection; ConnectError with ssh's reason if that fails."""
        self._running: set[Popen] = set()
        # Not in TMPDIR: the path of a control socket must be short (104 bytes).
        self._directory = Path(tempfile.mkdtemp(prefix="connection.", dir="/tmp"))
        options = ["-o", "ControlMaster=yes", "-o", "ControlPersist=60", "-o", "ConnectTimeout=10", "-N", "-f"]
        log = self._directory / "log"
        with log.open("w") as errors:  # no pipe: the ssh that stays would hold it open
            status = Popen(["ssh", *self._options(), *options, self.host.name], stderr=errors).wait()
        if status:
            lines = log.read_text(errors="replace").split("\n")
            self.disconnect()
            reason = next((line.strip().rstrip(".") for line in reversed(lines) if line.strip()), "ssh gave no reason")
            raise ConnectError(reason + (UNKNOWN_HOST if "Host key verification failed" in reason else ""))

    def disconnect(self) -> None:
        """Close the connection, and end what still uses it."""
        for process in list(self._running):
            process.terminate()
        command = ["ssh", *self._options(), "-O", "exit", self.host.name]
        Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL).wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    def run_shell_command(self, command, print_output=False, print_input=False, **arguments):
        """Run a command on the box; with `_get_pty` on this terminal, so that someone can answer a question there."""
        terminal = extract_control_arguments(arguments).get("_get_pty")
        line = make_unix_command_for_host(self.state, self.host, command, **arguments).get_raw_value()
        ssh = ["ssh", *self._options(), "-t" if terminal else "-T", self.host.name, line]
        status, output = self._run(ssh, print_output) if not terminal else (self._wait(Popen(ssh)), CommandOutput([]))
        self._remember(status, output)
        return status == 0, output

    def put_file(self, filename_or_io, remote_filename, remote_temp_filename=None, **arguments):
        """Upload the file of that name; to whom nobody else looks yet is the caller's to see to."""
        return self._copy(filename_or_io, f"{self.host.name}:{remote_filename}")

    def get_file(self, remote_filename, filename_or_io, remote_temp_filename=None, **arguments):
        """Download a file to that name."""
        return self._copy(f"{self.host.name}:{remote_filename}", filename_or_io)

    def say(self, line: str, stream: Optional[IO[str]] = None) -> None:
        """Show people a line about this box."""
        print(f"{self.data['openssh_prefix']}{line}", file=stream or sys.stdout, flush=True)

    def _options(self) -> list[str]:
        own = (f"ControlPath={self._directory}/%C", "ForwardAgent=no", "StrictHostKeyChecking=yes")
        return [*self.data["openssh_options"], *(f"-o{option}" for option in own)]

    def _shows_progress(self) -> bool:
        """On a terminal scp shows how far it is, unless several would do so at once."""
        return sys.stdout.isatty() and not self.data["openssh_prefix"] and not os.environ.get("QUIET")

    def _copy(self, source: str, destination: str) -> bool:
        files = [*self._options(), source, destination]
        if self._shows_progress():
            status, output = self._wait(Popen(["scp", *files])), CommandOutput([])
        else:
            status, output = self._run(["scp", "-q", *files], True)
        self._remember(status, output)
        return status == 0

    def _remember(self, status: int, output: CommandOutput) -> None:
        last_words = next(
            (line for line in reversed(output.output_lines) if line.strip()), f"status {status}, no message"
        )
        self.host.connector_data.update(status=status, last_words=last_words)

    def _run(self, command: list[str], shown: bool) -> tuple[int, CommandOutput]:
        process = Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
        lines: list[OutputLine] = []
        streams = (("stdout", process.stdout, sys.stdout), ("stderr", process.stderr, sys.stderr))
        readers = [gevent.spawn(self._read, *stream, lines, shown) for stream in streams]
        status = self._wait(process)
        gevent.joinall(readers, raise_error=True)
        return status, CommandOutput(lines)

    def _wait(self, process: Popen) -> int:
        self._running.add(process)
        try:
            return process.wait()
        finally:
            self._running.discard(process)

    def _read(self, name: str, source: IO[bytes], destination: IO[str], lines: list, shown: bool) -> None:
        with source:
            for data in source:
                line = data.decode(errors="replace").rstrip("\n")
                lines.append(OutputLine(name, line))
                if shown:
                    self.say(line, destination)
