"""The report of a verify: one line a check, in words; what is red says what to do. A page of it can be filed."""

import collections
import datetime
import sys

import pytest
from judgement import Judgement, last_judgement
from look import box_name
from page import Finding, write_page


class Annotator:
    """Writes into pytest's reports, which may come from a worker, what was checked on which box and what was found."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        report.check = item.function.__doc__.splitlines()[0]
        report.box = box_name(item.callspec.params["_testinfra_host"])
        judgement = last_judgement()
        report.judgement = judgement and tuple(judgement)
        # For the JUnit file, whose names are otherwise those of functions.
        item.user_properties[:] = [("check", report.check), ("box", report.box)]
        if item.name.startswith("test_anchored") and "bundle" in item.funcargs:
            item.user_properties.append(("anchor", item.funcargs["bundle"].anchor))
        if call.excinfo and call.excinfo.errisinstance((pytest.fail.Exception, pytest.skip.Exception)):
            report.finding = str(call.excinfo.value)
        elif call.excinfo:
            report.finding = f"the check itself failed:\n{report.longreprtext}"
        return report


class Reporter:
    """Stands in for pytest's terminal reporter; `boxes` are the Summaries of those of `names` that were looked at."""

    def __init__(self, page, names):
        self.boxes = {}
        self._page, self._names = page, names
        self._began = datetime.datetime.now(datetime.timezone.utc)
        self._findings = []
        self._told_of = None
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self._keep("RED", report)
        elif report.skipped:
            self._keep("n/a", report)
        elif report.when == "call":
            self._keep("ok", report)

    def _keep(self, verdict, report):
        if not hasattr(report, "box"):  # of a worker that crashed
            print_error(f"the checks broke down:\n{report.longreprtext}")
            return
        reason, judgement = getattr(report, "finding", ""), getattr(report, "judgement", None)
        finding = Finding(report.box, verdict, report.check, reason, judgement and Judgement(*judgement))
        self._findings.append(finding)
        # Of several boxes what is in order fills pages; the file has it.
        if verdict == "RED" or not self._several:
            self._print(finding)

    def _print(self, finding):
        if self._several and self._told_of != finding.box:
            print(f"==> {finding.box}")
            self._told_of = finding.box
        reason = f" (not applicable: {finding.reason})" if finding.verdict == "n/a" else ""
        print(f"    {finding.verdict:<4} {finding.check}{reason}", flush=True)
        if finding.verdict == "RED":
            _indent(finding.reason)

    @property
    def _several(self):
        return len(self._names) > 1

    def pytest_collectreport(self, report):
        if report.failed:
            print_error(f"the checks cannot be loaded:\n{report.longreprtext}")

    def pytest_internalerror(self, excrepr):
        print_error(f"the checks broke down:\n{excrepr}")

    def pytest_keyboard_interrupt(self, excinfo):
        if excinfo.errisinstance(pytest.exit.Exception):
            print_error(excinfo.value.msg)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        finished = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        if exitstatus not in finished:
            return
        for box in self._names if self._several else ():
            print(f"    {_summary(self._counts(box))}: {box}")
        print(f"==> {_summary(self._counts())}", flush=True)
        for anchor in sorted({box.anchor for box in self.boxes.values()} - {""}):
            print(f"    anchor: {printable(anchor)}", flush=True)
        trouble = self._trouble()
        if trouble:
            print_error(trouble)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._page:
            boxes = {name: self.boxes[name] for name in self._names if name in self.boxes}
            write_page(self._page, self._began, boxes, self._findings, trouble)

    def _counts(self, box=None):
        return collections.Counter(finding.verdict for finding in self._findings if box in (None, finding.box))

    def _trouble(self):
        """Why this run is no success although nothing is red, if it is none."""
        checked = {finding.box for finding in self._findings if finding.verdict in ("ok", "RED")}
        missing = [name for name in self._names if name not in checked]
        where = f" on {', '.join(missing)}" if self._several else ""
        return f"nothing was checked{where}, so nothing is verified" if missing else ""


def _summary(counts):
    return f"{counts['ok']} ok, {counts['RED']} red, {counts['n/a']} not applicable"


def _indent(text):
    for line in text.split("\n"):
        print(f"         {printable(line)}", flush=True)


def printable(line):
    """The line with its control characters escaped: a file name must not speak to the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def print_error(message):
    text = "\n".join(printable(line) for line in message.split("\n"))
    print(f"error: {text}", file=sys.stderr, flush=True)
