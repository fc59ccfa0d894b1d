"""What is installed on a box, what serves, and what was done last. It changes nothing and waits for nobody."""

import json
import os

import files
import output
import process

SHOWN_EVENTS = 10
COLUMNS = ("version", "target", "state", "when", "by", "size")


def show(box, as_json=False):
    """Print the table and the last events, or the same as one JSON object."""
    report = collect(box)
    if as_json:
        output.plain(json.dumps(report, sort_keys=True, indent=2))
    else:
        for line in _table(report["releases"]) + _notes(report) + _events(report["events"]):
            output.plain(line)


def collect(box):
    """Everything that is shown, as a dict of plain values; sizes in bytes, times in UTC."""
    current = box.layout.current()
    holder = lock_holder(box.layout)
    return {
        "name": box.layout.name,
        "base": box.layout.base,
        "mode": box.layout.mode,
        "current": current.version if current else None,
        "serves": bool(current and current.serves),
        "running": sorted(box.manager.running()),
        "deploying": holder,
        "interrupted": None if holder else box.interrupted(),
        "releases": [_release(box, version, current) for version in _versions(box)],
        "events": box.state.events()[-SHOWN_EVENTS:],
    }


def lock_holder(layout):
    """Who holds the deployment's lock, in words, or None. It is not asked for: asking takes it for an instant."""
    path = os.path.join(layout.state, "lock")
    holder = (files.read_or_none(path + ".holder") or "").strip()
    words = holder.replace(",", "").split()
    pid = words[words.index("process") + 1] if "process" in words[:-1] else ""
    return holder if pid.isdigit() and process.has_open(int(pid), path) else None


def _versions(box):
    """Installed and half installed ones, the oldest first."""
    prefix = box.layout.name + "-v"
    entries = [entry for entry in os.listdir(box.layout.base) if entry.startswith(prefix)]
    # In user mode BASE is a home, where the tarballs may lie too.
    found = [entry[len(prefix) :] for entry in entries if os.path.isdir(os.path.join(box.layout.base, entry))]
    return sorted(found, key=lambda version: os.lstat(box.layout.release(version).path).st_ctime)


def _release(box, version, current):
    marks = {kind: box.state.read_mark(kind, version) for kind in ("complete", "good", "bad")}
    mark = marks["bad"] or marks["good"] or marks["complete"] or {}
    return {
        "version": version,
        "target": files.read_values(os.path.join(box.layout.release(version).path, "BUNDLE")).get("TARGET", "unknown"),
        "state": _state(marks, bool(current) and current.version == version),
        "when": mark.get("time"),
        "by": mark.get("by"),
        "size": files.size(box.layout.release(version).path),
    }


def _state(marks, is_current):
    if is_current:
        return "current"
    if marks["bad"]:
        return "BAD"
    if not marks["complete"]:
        return "incomplete"
    return "good" if marks["good"] else "installed"


def _table(releases):
    rows = [[column.upper() for column in COLUMNS]]
    for release in releases:
        values = dict(release, size="%.1f MB" % (release["size"] / 1e6))
        rows.append([str(values[column] or "-") for column in COLUMNS])
    widths = [max(len(row[number]) for row in rows) for number in range(len(COLUMNS))]
    return ["  ".join(value.ljust(width) for value, width in zip(row, widths)).rstrip() for row in rows]


def _notes(report):
    notes = []
    if report["deploying"]:
        notes.append("a deployment runs: %s" % report["deploying"])
    if report["interrupted"]:
        notes.append("the switch-over to %s was interrupted: it settles itself" % report["interrupted"])
    if not report["current"]:
        notes.append("nothing is in service")
    elif report["serves"] and report["current"] not in report["running"]:
        stopped = report["events"] and report["events"][-1]["event"] == "stopped"
        condition = "is stopped" if stopped else "should be in service, but does not run"
        notes.append("%s %s" % (report["current"], condition))
    return [""] + notes if notes else []


def _events(events):
    if not events:
        return []
    return ["", "last events:"] + ["  " + _in_words(event) for event in events]


def _in_words(event):
    known = ("time", "event", "version", "by")
    details = ["%s %s" % (key, event[key]) for key in sorted(event) if key not in known and event[key]]
    words = "%s  %s %s by %s" % tuple(event.get(key) or "-" for key in known)
    return words + (" (%s)" % ", ".join(details) if details else "")
