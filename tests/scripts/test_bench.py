"""make bench: its clocks, and that docs/benchmarks.md and its picture say what was measured."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lab.project import environment, generate

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
FIGURES = {
    "carries_interpreter": False,
    "cold": [20.0],
    "build_memory": [2**20 * 50],
    "bytes": [2_000_000],
    "unchanged": [4.0],
    "one_line": [9.0, 8.0, 13.0],
    "install": [3.0, 5.0, 4.0],
    "install_memory": [2**20 * 30],
    "upgrade": [6.0],
    "upgrade_silence": [2.0],
    "rollback": [1.0],
    "rollback_silence": [1.0],
}
OURS = {**FIGURES, "carries_interpreter": True, "one_line": [0.5], "install": [4.0], "bytes": [10_000_000]}
OURS["small_bytes"] = [4_000_000]
FROZEN = {**FIGURES, "carries_interpreter": True, "install": [8.0], "bytes": [5_000_000]}
LIMITS = {"install": [2.0, 2.5], "copy": [0.1]}
CONTENDERS = {"offline-flask": OURS, "pex": FIGURES, "frozen": FROZEN}
RESULTS = {
    "machine": "2 cores",
    "engine": "docker",
    "versions": {"pex": "1", "shiv": "1", "venv-pack": "1", "pyinstaller": "1"},
    "apps": {"small": {"contenders": CONTENDERS, "limits": LIMITS, "load": [0.5, 31.2]}},
}


@pytest.fixture
def report(monkeypatch):
    """The bench's modules import each other by their names alone."""
    monkeypatch.syspath_prepend(BENCH)
    import report

    return report


def test_the_docs_say_what_was_measured(report):
    results = json.loads((BENCH / "results.json").read_text())
    assert (ROOT / "docs/benchmarks.md").read_text() == report.page(results)
    assert (ROOT / "docs/benchmarks.svg").read_text() == report.plot.picture(results, report.APPS)
    assert set(results["apps"]) <= set(report.APPS)


def test_the_page_has_the_best_run_the_median_and_ratios(report):
    page = report.page(RESULTS)
    (row,) = (line for line in page.splitlines() if line.startswith("| pex |"))
    assert "| 8.00 (9.00) | 3.00 (4.00) |" in row
    assert row.endswith("| 50 | 30 |")
    assert "| 1.00 |  | 30 |" in page  # docker's memory is not the builder's
    assert "Rounds: 2; load average of the machine after each: 0, 31." in page
    assert "Install: 2.00 × the limit" in page
    assert "Rebuild after one line: 5.00 × the limit" in page
    assert "Rebuild after one line: 0.06 × the best peer's, pex." in page
    assert "Install, of those that carry an interpreter: 0.50 × the best peer's, frozen." in page
    assert "Size: 5.00 × the best peer's, pex." in page
    assert "Size, of those that carry an interpreter: 2.00 × the best peer's, frozen." in page
    assert "Size of our .tar.xz, 4.0 MB: 0.80 × the best peer's, frozen." in page


def test_the_picture_has_a_bar_for_each_figure(report):
    picture = ElementTree.fromstring(report.plot.picture(RESULTS, report.APPS))
    bars = [rect for rect in picture.iter("{http://www.w3.org/2000/svg}rect") if rect.get("height") == "14"]
    assert len(bars) == 3 * 3 + 2
    widths = [int(bar.get("width")) for bar in bars[:4]]
    assert widths == [65, 49, 130, 32]


def test_the_builder_packs_what_scale_is_measured_with(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    import builds

    (tmp_path / "cache").mkdir()
    command = builds.pack_project(generate(tmp_path), tmp_path / "cache", 2, 1000)
    packed = subprocess.run(
        command, env=environment(XDG_CACHE_HOME=tmp_path / "cache"), capture_output=True, text=True, check=True
    )
    assert int(packed.stdout) > 1000  # KiB


def test_the_first_answer_is_waited_for_and_silence_is_measured(tmp_path):
    server = tmp_path / "server.py"
    server.write_text(
        "import http.server, sys\n"
        "class Page(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(b'2')\n"
        "    def log_message(self, *_): pass\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Page).handle_request()\n"
    )
    script = tmp_path / "script.sh"
    script.write_text(f"sleep 0.2\n{sys.executable} {server} 18733 >/dev/null 2>&1 &\n")
    command = [sys.executable, BENCH / "first_answer.py", script, "18733", "2"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(result.stdout)
    assert 0.2 < found["silence"] <= found["seconds"] < 60
    assert found["memory"] > 0


def test_a_script_that_fails_is_no_figure(tmp_path):
    script = tmp_path / "script.sh"
    script.write_text("exit 3\n")
    command = [sys.executable, BENCH / "first_answer.py", script, "18734", "2"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, "")
