"""The report of a verify: one line a check, in words; what is red says what to do."""

import collections
import sys

import pytest


class Reporter:
    """Stands in for pytest's terminal reporter."""

    def __init__(self):
        self._counts = collections.Counter()
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        report.check = item.function.__doc__.splitlines()[0]
        if call.excinfo and call.excinfo.errisinstance((pytest.fail.Exception, pytest.skip.Exception)):
            report.finding = str(call.excinfo.value)
        elif call.excinfo:
            report.finding = f"the check itself failed:\n{report.longreprtext}"
        return report

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self._show("RED", report)
        elif report.skipped:
            self._show("n/a", report)
        elif report.when == "call":
            self._show("ok", report)

    def _show(self, verdict, report):
        self._counts[verdict] += 1
        reason = f" (not applicable: {report.finding})" if report.skipped else ""
        print(f"    {verdict:<4} {report.check}{reason}", flush=True)
        if report.failed:
            _indent(report.finding)

    def pytest_collectreport(self, report):
        if report.failed:
            _error(f"the checks cannot be loaded:\n{report.longreprtext}")

    def pytest_internalerror(self, excrepr):
        _error(f"the checks broke down:\n{excrepr}")

    def pytest_keyboard_interrupt(self, excinfo):
        if excinfo.errisinstance(pytest.exit.Exception):
            _error(excinfo.value.msg)

    def pytest_sessionfinish(self, session, exitstatus):
        finished = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        if exitstatus not in finished:
            return
        counts = self._counts
        print(f"==> {counts['ok']} ok, {counts['RED']} red, {counts['n/a']} not applicable", flush=True)
        if not counts["ok"] and not counts["RED"]:
            _error("nothing was checked, so nothing is verified")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _indent(text):
    for line in text.split("\n"):
        print(f"         {_printable(line)}", flush=True)


def _printable(line):
    """The line with its control characters escaped: a file name must not speak to the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def _error(message):
    text = "\n".join(_printable(line) for line in message.split("\n"))
    print(f"error: {text}", file=sys.stderr, flush=True)
