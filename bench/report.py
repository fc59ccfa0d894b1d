"""docs/benchmarks.md and docs/benchmarks.svg, made from the figures that make bench has stored.

Usage: .venv/bin/python bench/report.py       writes both anew from bench/results.json
"""

import json
from pathlib import Path
from statistics import median

import plot

BENCH = Path(__file__).resolve().parent
DOCS = BENCH.parent / "docs"
RESULTS = BENCH / "results.json"
OURS = "offline-flask"
APPS = {"small": "Flask and gunicorn", "heavy": "Flask, gunicorn, numpy, lxml and cryptography"}
# Key of the figures and head of the column; None gives what is no list of seconds.
COLUMNS = {
    "cold": "cold build",
    "unchanged": "rebuild, nothing changed",
    "one_line": "rebuild, one line changed",
    "install": "install",
    "upgrade": "upgrade",
    "upgrade_silence": "longest without an answer",
    "rollback": "rollback",
}
TEMPLATE = BENCH / "benchmarks.md.in"


def write(results: dict) -> None:
    """Write the page and the picture."""
    (DOCS / "benchmarks.md").write_text(page(results))
    (DOCS / "benchmarks.svg").write_text(plot.picture(results, APPS))


def page(results: dict) -> str:
    """The Markdown of the page."""
    pins = ("pex", "shiv", "venv-pack", "pyinstaller")
    versions = ", ".join(f"{name} {results['versions'][name]}" for name in pins)
    head = TEMPLATE.read_text().format(machine=results["machine"], engine=results["engine"], versions=versions)
    return head + "".join(
        section(results["apps"][app], title, results["engine"]) for app, title in APPS.items() if app in results["apps"]
    )


def section(app: dict, title: str, engine: str) -> str:
    """The table of one app, and how the figures relate to the limits."""
    head = ["", "MB", *COLUMNS.values(), "MiB to build", "MiB to install"]
    lines = [row(head), row(["---"] + ["---:"] * (len(head) - 1))]
    for name, figures in app["contenders"].items():
        # What docker's daemon does for our builder is not seen.
        lines.append(row(cells(name, figures, engine != "docker" or name != OURS)))
    return f"\n## {title}\n\n" + "".join(lines) + "\n" + "".join(f"- {line}\n" for line in relations(app))


def row(values: list[str]) -> str:
    return f"| {' | '.join(values)} |\n"


def cells(name: str, figures: dict, build_is_seen: bool) -> list[str]:
    """One contender's row."""
    label = f"**{name}**" if name == OURS else name
    memory = [f"{max(figures[key]) / 2**20:.0f}" for key in ("build_memory", "install_memory")]
    memory[0] = memory[0] if build_is_seen else ""
    return [label, megabytes(figures["bytes"]), *(seconds(figures[key]) for key in COLUMNS), *memory]


def megabytes(values: list[int]) -> str:
    return f"{min(values) / 1e6:.1f}"


def seconds(values: list[float]) -> str:
    """The best and, of several, the median."""
    return f"{min(values):.2f} ({median(values):.2f})" if len(values) > 1 else f"{min(values):.2f}"


def relations(app: dict) -> list[str]:
    """Ours against the limits and against the best peer."""
    ours, limits = app["contenders"][OURS], app["limits"]
    load = ", ".join(f"{average:.0f}" for average in app["load"])
    lines = [
        f"Rounds: {len(limits['install'])}; load average of the machine after each: {load}.",
        f"Install: {ratio(ours['install'], limits['install'])} the limit, {seconds(limits['install'])} s.",
        f"Rebuild after one line: {ratio(ours['one_line'], limits['copy'])} the limit, {seconds(limits['copy'])} s.",
    ]
    lines += [
        against_peers(app, key, title) for key, title in (("one_line", "Rebuild after one line"), ("bytes", "Size"))
    ]
    lines += [
        against_peers(app, key, f"{title}, of those that carry an interpreter", True)
        for key, title in (("install", "Install"), ("bytes", "Size"))
    ]
    if "small_bytes" in ours:
        smaller = {**app, "contenders": {**app["contenders"], OURS: {"bytes": ours["small_bytes"]}}}
        lines.append(against_peers(smaller, "bytes", f"Size of our .tar.xz, {megabytes(ours['small_bytes'])} MB", True))
    if "cold_compiled" in ours:
        lines.append(f"Cold build of {OURS} with CPython compiled: {seconds(ours['cold_compiled'])} s.")
    return lines


def against_peers(app: dict, key: str, title: str, with_interpreter: bool = False) -> str:
    """Ours in relation to the best peer."""
    peers = {
        name: figures[key]
        for name, figures in app["contenders"].items()
        if name != OURS and (figures["carries_interpreter"] or not with_interpreter)
    }
    if not peers:
        return f"{title}: no peer was measured."
    best = min(peers, key=lambda name: min(peers[name]))
    return f"{title}: {ratio(app['contenders'][OURS][key], peers[best])} the best peer's, {best}."


def ratio(ours: list[float], other: list[float]) -> str:
    """Of the best runs."""
    return f"{min(ours) / min(other):.2f} ×"


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()))
