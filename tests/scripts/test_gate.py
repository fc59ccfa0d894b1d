"""The health gate waits for what starts slowly, and not for what is up and does not work."""

import os
import re
import subprocess
import sys
from pathlib import Path

RELEASE_CODE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}" / "deploy" / "release"
# A release that gives each status as often as it is told, and a gate with a second's patience.
TRIAL = """
import os, socketserver, sys, threading
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

import gate
import output

release, answers = SimpleNamespace(path=sys.argv[1], directory_name="app-v1", health_path="/"), sys.argv[2:]


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(answers.pop(0) if len(answers) > 1 else answers[0]))
        self.end_headers()

    def log_message(self, *_):
        pass


os.chdir(release.path)
gate.DEADLINE_SECONDS = int(os.environ["DEADLINE"])
server = socketserver.UnixStreamServer("socket", Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
try:
    gate.wait(release, lambda: gate.UnixConnection("socket"), os.getpid, patience=1)
except output.Failure as failure:
    sys.exit(str(failure))
"""


def trial(directory, *answers, deadline=60):
    """What the gate says of a release that gives these answers, the last one for ever; nothing if it passes."""
    command = [sys.executable, "-E", "-s", "-B", "-c", TRIAL, str(directory), *map(str, answers)]
    given = {**os.environ, "DEADLINE": str(deadline)}
    return subprocess.run(command, cwd=RELEASE_CODE, env=given, capture_output=True, text=True).stderr


def test_one_error_all_the_while_is_refused(tmp_path):
    assert trial(tmp_path, 500) == "app-v1 answers / with 500, for 1 s now\n"


def test_a_page_that_is_not_there_says_what_names_it(tmp_path):
    assert trial(tmp_path, 404) == "app-v1 answers / with 404, for 1 s now; is HEALTH_PATH of config.env right?\n"


def test_503_says_not_yet(tmp_path):
    assert trial(tmp_path, *[503] * 80, 200) == ""


def test_errors_that_change_are_those_of_a_start(tmp_path):
    assert trial(tmp_path, 404, 404, 500, 500, 502, 502, 200) == ""


def test_good_answers_of_what_runs_elsewhere_do_not_count_and_it_is_said_why(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "app-v1").symlink_to("elsewhere")
    said = trial(tmp_path / "app-v1", 200, deadline=1)
    assert re.fullmatch(rf"app-v1 answers / with 200, but its process \d+ runs in {tmp_path}/elsewhere\n", said)
