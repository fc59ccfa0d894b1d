"""A cable between this machine and one box, whose end lies in a network namespace of its own."""

import ipaddress
import json
import random
import re
from dataclasses import dataclass

from lab.command import run
from lab.skip import Unavailable

NETWORK = ipaddress.ip_network("10.213.0.0/16")
HOST_ADDRESS = NETWORK[1]
NUMBERS = range(2, NETWORK.num_addresses - 1)
ATTEMPTS = 100
RULE_PREFERENCE = "1000"  # after the machine's own addresses (0), before any route (32766)


@dataclass(frozen=True)
class Cable:
    """The cable of box `number`. All names follow from the number: a cable left behind can be taken away."""

    number: int

    @property
    def address(self) -> str:
        """The box's IPv4 address."""
        return str(NETWORK[self.number])

    @property
    def namespace(self) -> str:
        """Name of the box's network namespace."""
        return f"offline-flask-{self.number}"

    @property
    def device(self) -> str:
        """This machine's end."""
        return f"flaskbox{self.number}"


def plug_in() -> Cable:
    """Lay a cable with the first free number. Raises Unavailable where this machine forbids it."""
    refuse_collision()
    cable = claim_number()
    try:
        lay(cable)
    except Exception:
        unplug(cable)
        raise
    return cable


def is_cable(device: str) -> bool:
    """Tell whether it is one of this lab's, or has gone meanwhile: ip(8) shows that as if and its index."""
    return device.startswith("flaskbox") or re.fullmatch(r"if[0-9]+", device) is not None


def refuse_collision() -> None:
    """Raise Unavailable if this machine already reaches a part of NETWORK in another way."""
    for route in json.loads(run("ip", "-json", "-4", "route", "show", "table", "all").stdout or "[]"):
        if route["dst"] == "default" or is_cable(str(route.get("dev"))):
            continue
        if ipaddress.ip_network(route["dst"], strict=False).overlaps(NETWORK):
            where = route.get("dev", route.get("type"))
            raise Unavailable(
                f"boxes live in {NETWORK}, which overlaps this machine's route to {route['dst']} ({where})"
            )


def claim_number() -> Cable:
    """Take a free number: making its namespace is what claims it, for all processes.

    By chance, so that a number is hardly ever given out again soon and nobody takes a new box for an old one.
    """
    for number in random.sample(NUMBERS, ATTEMPTS):
        cable = Cable(number)
        result = run("ip", "netns", "add", cable.namespace, check=False)
        if result.returncode == 0:
            return cable
        if "File exists" not in result.stderr:
            raise Unavailable(f"this machine makes no network namespace: {result.stderr.strip()}")
    raise Unavailable(f"{ATTEMPTS} numbers for boxes were tried, and all were taken")


def lay(cable: Cable) -> None:
    """Make both ends, addresses, and the rule that nothing coming out of the box is ever passed on.

    The rule holds whatever Docker or a firewall says about forwarding; this machine itself comes before it.
    """
    here = f"""
        rule add iif {cable.device} preference {RULE_PREFERENCE} prohibit
        link add {cable.device} type veth peer name host0 netns {cable.namespace}
        link set {cable.device} addrgenmode none up
        address add {HOST_ADDRESS}/32 dev {cable.device}
        route add {cable.address}/32 dev {cable.device} src {HOST_ADDRESS}
    """
    there = f"""
        link set lo up
        link set host0 up
        address add {cable.address}/32 dev host0
        route add {HOST_ADDRESS}/32 dev host0 src {cable.address}
    """
    run("ip", "-batch", "-", input=here)
    run("ip", "-netns", cable.namespace, "-batch", "-", input=there)


def join(one: Cable, other: Cable) -> None:
    """Lay a cable between two boxes, over which they reach each other and nobody else; it ends with either of them."""
    ends = [(one, other), (other, one)]
    names = [f"box{there.number}" for _, there in ends]
    ends_at = [("netns", here.namespace) for here, _ in ends]
    run("ip", "link", "add", names[0], *ends_at[0], "type", "veth", "peer", "name", names[1], *ends_at[1])
    for (here, there), name in zip(ends, names, strict=True):
        lines = f"""
            link set {name} up
            route add {there.address}/32 dev {name} src {here.address}
        """
        run("ip", "-netns", here.namespace, "-batch", "-", input=lines)


def unplug(cable: Cable) -> None:
    """Take the cable away as far as it is there."""
    run("ip", "link", "delete", cable.device, check=False)
    run("ip", "rule", "delete", "iif", cable.device, "preference", RULE_PREFERENCE, check=False)
    run("ip", "netns", "delete", cable.namespace, check=False)


def processes_behind(cable: Cable) -> list[int]:
    """The processes in the box, by their numbers on this machine."""
    return [int(number) for number in run("ip", "netns", "pids", cable.namespace, check=False).stdout.split()]
