"""The report of a verify: one line a check, in words; what is red says what to do. A page of it can be filed."""

import collections
import datetime
import sys

import pytest
from judgement import last_judgement
from look import box_name
from page import Finding, write_page


class Reporter:
    """Stands in for pytest's terminal reporter; `looks` are the Looks at the boxes, as far as there are any."""

    def __init__(self, page):
        self.looks = {}
        self._page = page
        self._began = datetime.datetime.now(datetime.UTC)
        self._findings = []
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        report.check = item.function.__doc__.splitlines()[0]
        report.box = box_name(item.callspec.params["_testinfra_host"])
        report.judgement = last_judgement()
        # For the JUnit file, whose names are otherwise those of functions.
        item.user_properties[:] = [("check", report.check), ("box", report.box)]
        if call.excinfo and call.excinfo.errisinstance((pytest.fail.Exception, pytest.skip.Exception)):
            report.finding = str(call.excinfo.value)
        elif call.excinfo:
            report.finding = f"the check itself failed:\n{report.longreprtext}"
        return report

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self._keep("RED", report)
        elif report.skipped:
            self._keep("n/a", report)
        elif report.when == "call":
            self._keep("ok", report)

    def _keep(self, verdict, report):
        if self._several and (not self._findings or self._findings[-1].box != report.box):
            print(f"==> {report.box}")
        reason = getattr(report, "finding", "")
        self._findings.append(Finding(report.box, verdict, report.check, reason, report.judgement))
        # Of several boxes what is in order fills pages; the file has it.
        if verdict == "RED" or not self._several:
            print(
                f"    {verdict:<4} {report.check}{f' (not applicable: {reason})' if report.skipped else ''}", flush=True
            )
        if report.failed:
            _indent(reason)

    @property
    def _several(self):
        return len(self.looks) > 1

    def pytest_collectreport(self, report):
        if report.failed:
            _error(f"the checks cannot be loaded:\n{report.longreprtext}")

    def pytest_internalerror(self, excrepr):
        _error(f"the checks broke down:\n{excrepr}")

    def pytest_keyboard_interrupt(self, excinfo):
        if excinfo.errisinstance(pytest.exit.Exception):
            _error(excinfo.value.msg)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        finished = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        if exitstatus not in finished:
            return
        for box in self._several and self.looks or ():
            print(f"    {_summary(self._counts(box))}: {box}")
        print(f"==> {_summary(self._counts())}", flush=True)
        trouble = self._trouble()
        if trouble:
            _error(trouble)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._page:
            write_page(self._page, self._began, self.looks, self._findings, trouble)

    def _counts(self, box=None):
        return collections.Counter(finding.verdict for finding in self._findings if box in (None, finding.box))

    def _trouble(self):
        """Why this run is no success although nothing is red, if it is none."""
        if all({"ok", "RED"} & self._counts(box).keys() for box in self.looks or [None]):
            return ""
        return "nothing was checked, so nothing is verified"


def _summary(counts):
    return f"{counts['ok']} ok, {counts['RED']} red, {counts['n/a']} not applicable"


def _indent(text):
    for line in text.split("\n"):
        print(f"         {printable(line)}", flush=True)


def printable(line):
    """The line with its control characters escaped: a file name must not speak to the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def _error(message):
    text = "\n".join(printable(line) for line in message.split("\n"))
    print(f"error: {text}", file=sys.stderr, flush=True)
