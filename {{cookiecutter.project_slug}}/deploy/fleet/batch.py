"""Some boxes at once: connect, look, decide, upload and set up, each step on all of them side by side."""

import secrets
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Optional

from fleet.account import Account
from fleet.box import Box, BoxFact
from fleet.bundles import Bundle
from fleet.openssh import LOST
from fleet.stopped import INTERNAL, UNAVAILABLE, WRITE_FAILED, Stopped
from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import get_facts
from pyinfra.api.host import Host
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.api.state import BaseStateCallback

from fleet import account, bundles, deltas, operations, plan

UPLOAD, SET_UP = "operations.upload", "operations.set_up"  # pyinfra's names of the operations
SETUP = Path(__file__).resolve().parents[1] / "setup.sh"


class Batch(BaseStateCallback):
    """The boxes of a batch; `outcomes` has the exit code of each, by host: 0 only if it was done to its end."""

    def __init__(self, hosts: list[str], wanted: Namespace, available: list[Bundle]) -> None:
        self.wanted, self.available = wanted, available
        self.outcomes = dict.fromkeys(hosts, INTERNAL)
        several = len(wanted.hosts) > 1
        options = [
            *(["-F", wanted.ssh_config] if wanted.ssh_config else []),
            *(["-o", "BatchMode=yes"] if several else []),
        ]
        data = {host: {"openssh_options": options, "openssh_prefix": f"{host}: " if several else ""} for host in hosts}
        names = [(f"@openssh/{host}", data[host]) for host in hosts]
        self.state = State(Inventory((names, {})), Config(PARALLEL=len(hosts)), check_for_changes=False)
        self.state.print_output = True
        self._announce: dict[str, dict[str, str]] = {}
        self.state.add_callback_handler(self)

    def run(self) -> None:
        """Do it; what became of each box is in `outcomes` then."""
        try:
            with tempfile.TemporaryDirectory() as scratch:
                self._scratch = Path(scratch)
                self._run()
        except PyinfraError:
            pass  # "No hosts remaining!": each one's reason is told
        finally:
            # Not disconnect_all, which waits for a free place in the pool: an interrupt comes while all are at work.
            for host in self.state.activated_hosts:
                host.disconnect()

    def _run(self) -> None:
        connect_all(self.state)
        question = {"app": self.wanted.app, "version": self.wanted.version, "_ignore_errors": True}
        found = get_facts(self.state, BoxFact, kwargs=question)
        stopped = set()
        for host in [host for host in self.state.inventory if host in self.state.active_hosts]:
            try:
                self._prepare(host, found[host])
            except Stopped as reason:
                self._fail(host, reason.code, str(reason))
                stopped.add(host)
        self.state.fail_hosts(stopped)
        run_ops(self.state)

    def _prepare(self, host: Host, box: Optional[Box]) -> None:
        """Decide what the box gets; Stopped if it can get nothing."""
        wanted = self.wanted
        if box is None:
            raise Stopped(
                UNAVAILABLE, f"{host.name} does not answer as a box does: {host.connector_data['last_words']}"
            )
        bundle = bundles.choose(self.available, box)
        if len(self.available) > 1:
            host.connector.say(f"    {bundle.target} fits the box: {box.os} {box.version}")
        chosen = account.choose(box, host.name, wanted.username, wanted.mode)
        if chosen.must_type and len(wanted.hosts) > 1:
            raise Stopped(UNAVAILABLE, "sudo asks for a password here, and nobody can type one into several boxes")
        delta = None if wanted.whole else deltas.choose(bundle, box, box.base(chosen.mode, wanted.app))
        if delta:
            host.connector.say(f"    {delta.path.name} will do: the box has what it leaves out")
        contents = {f"{bundle.release}/BUNDLE": bundle.head, **({deltas.base_of(bundle): delta.base} if delta else {})}
        whole = bundles.small_form(bundle) if wanted.small else bundle.path
        self._order(host, box, delta.path if delta else whole, contents, chosen)

    def _order(self, host: Host, box: Box, artefact: Path, contents: dict, chosen: Account) -> None:
        """Plan it, or only tell it; `contents` is what setup.sh --check reads of the artefact."""
        wanted = self.wanted
        words = [*(["--check"] if wanted.check else []), wanted.version, chosen.username]
        arguments = " ".join([*words, *(f"'{setting}'" for setting in wanted.setting)])
        if wanted.dry_run:
            for line in plan.lines(box, host.name, artefact, wanted.app, wanted.version, chosen, arguments):
                host.connector.say(line)
            self.outcomes[host.name] = 0
        elif wanted.check:
            head = bundles.write_head(Path(tempfile.mkdtemp(dir=self._scratch)), artefact, contents)
            self._add_operations(host, [head], chosen, arguments)
        else:
            self._add_operations(host, bundles.files(artefact), chosen, arguments)

    def _add_operations(self, host: Host, files: list[Path], chosen: Account, arguments: str) -> None:
        directory = f".offline-flask.{secrets.token_hex(8)}"
        add_op(self.state, operations.upload, [*files, SETUP], directory, host=host)
        add_op(self.state, operations.set_up, directory, chosen.become, arguments, chosen.must_type, host=host)
        self._announce[host.name] = {
            UPLOAD: f"==> Uploading {files[0].name} to {host.name}",
            SET_UP: f"==> Running setup.sh on {host.name} as {chosen.mode}, for the account {chosen.username}",
        }

    def _fail(self, host: Host, code: int, message: str) -> None:
        self.outcomes[host.name] = code
        if message:
            host.connector.say(f"error: {message}", sys.stderr)

    def _name(self, op_hash: str) -> str:
        (name,) = self.state.get_op_meta(op_hash).names
        return name

    # pyinfra calls these.

    def host_connect_error(self, _state, host, error):
        self._fail(host, UNAVAILABLE, f"cannot reach {host.name}: {error}")

    def operation_host_start(self, _state, host, op_hash):
        if not (self.wanted.check and self._name(op_hash) == UPLOAD):
            host.connector.say(self._announce[host.name][self._name(op_hash)])

    def operation_host_success(self, _state, host, op_hash, retry_count=0):
        if self._name(op_hash) == SET_UP:
            self.outcomes[host.name] = 0

    def operation_host_error(self, _state, host, op_hash, retry_count=0, max_retries=0):
        status = host.connector_data["status"]
        if self._name(op_hash) == UPLOAD:
            self._fail(host, WRITE_FAILED, f"the upload to {host.name} failed")
        elif status == LOST:
            settles = "setup.sh ends there, or goes back, by itself: see make status"
            self._fail(host, UNAVAILABLE, f"the connection to {host.name} was lost; {settles}")
        else:
            self._fail(host, status or INTERNAL, "")
