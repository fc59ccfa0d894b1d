"""One self-contained HTML page of a verify: what was checked, expected and found, when, on which box, against what."""

import collections
import datetime
import html
import pathlib
import platform
import string
from typing import Any, NamedTuple

from judgement import Judgement

TEMPLATE = pathlib.Path(__file__).with_name("page.html")
WORDS = {"ok": "ok", "RED": "RED", "n/a": "not applicable"}


class Finding(NamedTuple):
    """The verdict on one check of one box: ok, RED or n/a; `reason` is what was printed with it, `judgement`
    the Judgement that it comes from or None.
    """

    box: str
    verdict: str
    check: str
    reason: str
    judgement: Any


def write_page(path, began, boxes, findings, trouble):
    """Write the page to `path`; `boxes` has the Summary of each by name.

    `trouble` is what makes the run no success whatever the checks say, or empty.
    """
    red = any(finding.verdict == "RED" for finding in findings)
    values = {
        "title": f"Verification of {', '.join(sorted({box.release for box in boxes.values()})) or 'nothing'}",
        "verdict": "RED" if red else "NO SUCCESS" if trouble else "all as expected",
        "state": "bad" if red or trouble else "good",
        "trouble": trouble,
        "began": f"{began:%Y-%m-%d %H:%M:%S} UTC",
        "seconds": f"{(datetime.datetime.now(datetime.timezone.utc) - began).total_seconds():.1f}",
        "machine": platform.node(),
        "anchor": "; ".join(sorted({box.anchor for box in boxes.values()} - {""})) or "nothing",
    }
    text = {name: _text(value) for name, value in values.items()}
    sections = "".join(_section(name, box, [f for f in findings if f.box == name]) for name, box in boxes.items())
    page = string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(text, boxes=sections)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8", errors="backslashreplace")


def _section(name, box, findings):
    lines = [f"<h2>{_text(name)}</h2>", f"<p>{_text(_counts(findings))}<br>{_text(box.description)}</p>", "<table>"]
    lines += ["<thead><tr><th>verdict</th><th>checked</th><th>expected</th><th>found</th></tr></thead>", "<tbody>"]
    # What is red comes first, the rest as it was checked.
    lines += map(_row, sorted(findings, key=lambda finding: finding.verdict != "RED"))
    return "\n".join([*lines, "</tbody>", "</table>", ""])


def _counts(findings):
    counts = collections.Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {word}" for verdict, word in WORDS.items())


def _row(finding):
    judgement = finding.judgement or Judgement("", finding.reason, "")
    found = judgement.found + (f"\nto do: {judgement.remedy}" if judgement.remedy else "")
    cells = [WORDS[finding.verdict], finding.check, judgement.expected, found]
    return f'<tr class="{finding.verdict[:1]}">{"".join(f"<td>{_text(cell)}</td>" for cell in cells)}</tr>'


def _text(value):
    shown = "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in str(value))
    return html.escape(shown).replace("\n", "<br>")
