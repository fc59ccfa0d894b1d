"""Ask a box over testinfra's connection, in two round trips, and understand its answers.

The questions are box_facts.sh (as root where the login may) and box_answers.py (as the login user).
"""

import collections
import dataclasses
import json
import pathlib
import stat
import time

from expected import Member, decode, normalise
from facts import Facts, Process

# Where the box's settings name no other.
PORT = "1337"
HERE = pathlib.Path(__file__).parent
FACTS_SCRIPT = (HERE / "box_facts.sh").read_text(encoding="ascii")
ANSWERS_SCRIPT = (HERE / "box_answers.py").read_text(encoding="ascii")
VERSION_SCRIPT = 'import sys; print("%d.%d.%d" % sys.version_info[:3])'

# $0 is the script to run; the rest are its arguments. Processes of other users are root's to look at.
AS_ROOT = """
elevate=
[ "$(id -u)" -eq 0 ] || ! sudo -n sh -c : </dev/null >/dev/null 2>&1 || elevate="sudo -n"
exec $elevate sh -c "$0" box "$HOME" "$@"
"""


class NoAnswer(Exception):
    """The connection broke, or the box cannot run the questions."""


@dataclasses.dataclass(frozen=True)
class Answers:
    """What ran on the box: the version that the release's python gives, the pages by name, the last error."""

    python: str
    pages: dict
    error: str


def read_facts(host, bundle):
    """The Facts of a testinfra host; raises NoAnswer."""
    support = sorted({path.split("/")[0] for path in bundle.support})
    arguments = (AS_ROOT, FACTS_SCRIPT, bundle.name, bundle.version, bundle.python_dir, PORT, *support)
    asked = time.time()
    result = run(host, "sh -c" + " %s" * len(arguments), *arguments)
    answered = time.time()
    output = decode(result.stdout_bytes)
    lines = output[output.find("begin\n") :].rstrip("\n").split("\n")
    if lines[0] != "begin" or lines[-1] != "end":
        raise NoAnswer(f"cannot look at the box: {_last_line(result)}")
    facts = Facts()
    for line in lines[1:-1]:
        keyword, _, value = line.partition(" ")
        _STORE.get(keyword, _store_value)(facts, keyword, value)
    _part_environment(facts, f"{bundle.release}/venv/")
    # The box looked at its clock, in whole seconds, at some time in between.
    facts.skew = _outside(float(facts.clock or "nan"), asked - 1, answered)
    return facts


def _part_environment(facts, prefix):
    for path in [path for path in facts.members if path.startswith(prefix)]:
        facts.environment[path[len(prefix) :]] = facts.members.pop(path)
    facts.members.pop(prefix[:-1], None)


def _outside(value, low, high):
    """How far a value lies outside of a range, negative below it."""
    return min(value - low, 0) or max(value - high, 0)


def read_answers(host, bundle, box):
    """The Answers of a testinfra host with a release, whose Facts are `box`; raises NoAnswer."""
    options = "-E -s -B -c"
    command = f"%s {options} %s || echo; %s {options} %s %s %s %s"
    venv_python = f"{box.base}/{bundle.release}/venv/bin/python"
    interpreter = f"{box.base}/{bundle.interpreter}"
    arguments = (venv_python, VERSION_SCRIPT, interpreter, ANSWERS_SCRIPT, box.port, bundle.health_path, box.host)
    result = run(host, command, *arguments)
    python, _, pages = decode(result.stdout_bytes).strip("\n").rpartition("\n")
    if not pages.startswith("{"):
        reason = {"error": f"cannot ask, {interpreter} does not run: {_last_line(result)}"}
        return Answers(pages, collections.defaultdict(lambda: reason), _last_line(result))
    return Answers(python.strip(), json.loads(pages), _last_line(result))


def run(host, command, *arguments):
    """The result of a command on a testinfra host, its arguments quoted; raises NoAnswer."""
    try:
        return host.run(command, *arguments)
    except RuntimeError as reason:  # testinfra's word for ssh's own exit status, 255
        raise NoAnswer(f"the connection was lost: {_last_line(reason.args[0])}") from reason


def _last_line(result):
    lines = decode(result.stderr_bytes).split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"status {result.rc}, no message")


def _store_value(facts, keyword, value):
    facts.values[keyword] = value


def _store_process(facts, _keyword, value):
    process = Process(*value.split("\t"))
    if process not in facts.processes:
        facts.processes.append(process)


def _store_package(facts, _keyword, value):
    name, version = value.split("\t")
    facts.packages[normalise(name)] = version


def _store_member(facts, keyword, value):
    mode, owner, path = value.split(" ", 2)
    kinds = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}
    mode = int(mode, 16)
    found = facts.places if keyword == "place" else facts.members
    found[path] = Member(kinds.get(stat.S_IFMT(mode), "other"), stat.S_IMODE(mode), "")
    facts.owners[path] = owner


def _store_link(facts, _keyword, value):
    path, target = value.split("\t")
    facts.members[path] = dataclasses.replace(facts.members[path], target=target)


def _store_hash(facts, _keyword, value):
    digest, path = value.split("  ", 1)
    facts.hashes[path] = digest


def _store_unit(facts, keyword, value):
    unit, state = value.split("\t")
    (facts.units if keyword == "unit" else facts.reloads)[unit] = state


def _store_open_log(facts, _keyword, value):
    pid, path = value.split("\t")
    facts.open_logs.setdefault(pid, set()).add(path)


_STORE = {
    "listener": lambda facts, _keyword, value: facts.listeners.append(value),
    "other_listener": lambda facts, _keyword, value: facts.other_listeners.append(value.split("\t")),
    "left_over": lambda facts, _keyword, value: facts.left_over.append(value.split("\t")),
    "enabled": lambda facts, _keyword, value: facts.enabled.append(value),
    "open_log": _store_open_log,
    "place": _store_member,
    "reload": _store_unit,
    "crontab": lambda facts, _keyword, value: facts.crontab.append(value),
    "process": _store_process,
    "package": _store_package,
    "member": _store_member,
    "link": _store_link,
    "hash": _store_hash,
    "unit": _store_unit,
}
