"""One look at each box: what it should be, what it is and what it answers; several boxes are looked at side by side."""

import concurrent.futures
import dataclasses
from typing import Any, NamedTuple

from anchor import Disagreement
from asking import NoAnswer, read_answers, read_facts

# The boxes do the work; this machine waits for them.
AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Look:
    """The Bundle that a box is compared with, its Facts and its Answers; None where there are none.

    `trouble` is the NoAnswer or Disagreement that stood in the way.
    """

    bundle: Any = None
    facts: Any = None
    answers: Any = None
    trouble: Any = None


class Summary(NamedTuple):
    """What the report says of a box besides the checks, in words: its release, what anchors that, what was found."""

    release: str
    anchor: str
    description: str


def summary(look):
    """The Summary of a Look."""
    release = look.bundle.release if look.bundle else "an unknown release"
    return Summary(release, look.bundle.anchor if look.bundle else "", _description(look.facts, look.bundle))


def _description(facts, bundle):
    if not facts or not facts.base:
        return "nothing was found there"
    kind = "systemd" if facts.systemd and facts.mode == "root" else "supervisor"
    what = f"{bundle.target}, SHA256SUMS {bundle.sums_hash}"
    return f"{facts.base}, {facts.mode} mode, {kind}, account {facts.username}, port {facts.port}; {what}"


def box_name(host):
    """What a testinfra host is called in the report: [user@]box."""
    backend = host.backend
    user = getattr(backend, "user", None) or getattr(getattr(backend, "host", None), "user", None)
    return f"{user}@{backend.get_hostname()}" if user else backend.get_hostname()


def look(host, find_bundle):
    """The Look at one testinfra host; `find_bundle` is called with it."""
    bundle = facts = answers = None
    try:
        bundle = find_bundle(host)
        facts = read_facts(host, bundle)
        if bundle.release in facts.members:
            # After the facts: asking can start the service.
            answers = read_answers(host, bundle, facts)
    except (NoAnswer, Disagreement) as trouble:
        return Look(bundle, facts, answers, trouble)
    return Look(bundle, facts, answers)


def look_at_all(hosts, find_bundle):
    """The Look at each of several hosts (a dict by name)."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        looks = {name: pool.submit(look, host, find_bundle) for name, host in hosts.items()}
        return {name: future.result() for name, future in looks.items()}
