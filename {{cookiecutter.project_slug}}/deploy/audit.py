"""Asks pip-audit about every lock of the Pythons in targets.json, and judges its answers; audit.sh is its front door.

Usage: python audit.py osv|pypi        (a Python that has wheels/audit-tools.txt installed)
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import versions
from builder import targets
from builder.output import Failure
from builder.settings import DEPLOY, PROJECT

FINDINGS, UNAVAILABLE = 1, 69
# What a lock says: NAME==VERSION, then perhaps a marker, then hashes.
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
PINS = ("wheels/tool-pins/*.txt", "wheels/supervisor.txt", "wheels/repair-tools.txt", "wheels/sbom-tools.txt")
OTHERS = "SERVICE=osv|pypi asks another, OSV_URL=… your own; or give the bundle's sbom.cdx.json to a scanner"
LOCKS = ("project/locks/*.txt", *PINS)
# Those of one Python are named after it.
OF_A_PYTHON = re.compile(r"(?:build-)?py([0-9]+\.[0-9]+)\.txt")


class Answer(NamedTuple):
    """findings are lines to show; unknown are packages it could not tell of; problem is why there is no answer."""

    findings: list[str]
    unknown: list[str]
    problem: str = ""


def locks() -> tuple[list[Path], list[str]]:
    """Return the locks that targets are built with, and the Pythons of the others; Failure 78."""
    pythons = {target.python_series for target in targets.read(DEPLOY / "targets.json")}
    used, unused = [], set()
    for path in (path for pattern in LOCKS for path in sorted(PROJECT.glob(pattern))):
        match = OF_A_PYTHON.fullmatch(path.name)
        if match and match[1] not in pythons:
            unused.add(match[1])
        else:
            used.append(path)
    return used, sorted(unused, key=versions.numbers)


def pins_of(path: Path) -> list[tuple[str, str]]:
    """Return the names and versions that a lock pins."""
    return PIN.findall(path.read_text(encoding="utf-8"))


def batches(pins: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Yield pins in sets in which no name is twice: other Pythons, or other sources, may need other versions."""
    left = sorted(set(pins))
    while left:
        first = dict(reversed(left))
        yield sorted(first.items())
        left = [pin for pin in left if pin not in first.items()]


def ask(service: str, pins: list[tuple[str, str]]) -> Answer:
    """Return what pip-audit says of some pins."""
    command = [sys.executable, "-I", "-m", "pip_audit", "--vulnerability-service", service, "--format", "json"]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off"]
    if service == "osv" and os.environ.get("OSV_URL"):
        command += ["--osv-url", os.environ["OSV_URL"]]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.writelines(f"{name}=={version}\n" for name, version in pins)
        requirements.flush()
        result = subprocess.run([*command, "--requirement", requirements.name], capture_output=True, text=True)
    try:
        rows = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        return Answer([], [], reason_in(result.stderr))
    unknown = [row["name"] for row in rows if "skip_reason" in row]
    return Answer([line for row in rows for line in findings(row)], unknown)


def reason_in(text: str) -> str:
    """Return why there is no answer: who was asked and the system's words, where the exception's last line has both."""
    line = (text.strip().splitlines() or ["no answer"])[-1]
    host, words = re.search(r"host='([^']+)'", line), re.search(r"\[Errno -?\d+\] ([^\"')]+)", line)
    return f"{host[1]}: {words[1]}" if host and words else line[:300]


def findings(row: dict) -> Iterator[str]:
    for found in row.get("vulns", []):
        names = " ".join([found["id"], *found["aliases"]])
        mended = ", ".join(found["fix_versions"]) or "no version yet"
        yield f"{row['name']} {row['version']}: {names}; mended in {mended}"


def complain(problem: str) -> int:
    print(f"error: {problem}", file=sys.stderr)
    return UNAVAILABLE


def show(name: str, pins: str, lines: list[str]) -> int:
    print(f"==> {name}: {pins}, {len(lines)} known vulnerabilities", flush=True)
    for line in sorted(lines):
        print(f"    {line}", flush=True)
    return FINDINGS if lines else 0


def audit(service: str) -> int:
    """Show what is known against each lock; return the exit code."""
    status = 0
    used, unused = locks()
    for path in used:
        name, pins = str(path.relative_to(PROJECT)), pins_of(path)
        answers = [ask(service, batch) for batch in batches(pins)]
        problems = [answer.problem for answer in answers if answer.problem]
        if problems:
            found = f"{service} does not answer from here, so nothing is known of {name}: {problems[0]}"
            return complain(f"{found}; {OTHERS}")
        unknown = sorted({package for answer in answers for package in answer.unknown})
        what = f"{len(pins)} pins" + (f", {len(unknown)} of them not checked" if unknown else "")
        status = max(status, show(name, what, [line for answer in answers for line in answer.findings]))
        if unknown:
            status = complain(f"{service} cannot tell of {', '.join(unknown)}, so {name} is not checked")
    if unused:
        pythons = ", ".join(unused)
        print(f"    not asked about: what is pinned for Python {pythons}, which no row of deploy/targets.json has")
    return status


def main() -> int:
    try:
        return audit(sys.argv[1])
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return failure.code


if __name__ == "__main__":
    sys.exit(main())
