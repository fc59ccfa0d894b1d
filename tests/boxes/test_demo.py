"""make demo, as a newcomer sees it."""

import re
import urllib.error

import pytest

from lab.box import require_nspawn
from lab.demo import demo
from lab.web import get


def summary_of_demo(tmp_path, capfd):
    require_nspawn()
    demo(tmp_path / "demo", keep=False)
    said = capfd.readouterr().out
    return said[said.index("==> The demo is green") :]


def test_it_ends_with_the_app_answering_through_nginx(tmp_path, capfd):
    summary = summary_of_demo(tmp_path, capfd)
    assert re.search(r"built      app-v1\.tar\.gz, \d+\.\d MB, for debian-\d+-\w+-py3", summary)
    assert re.search(r"answered   http://10\.213\.\d+\.\d+/  “It works .*version 1,", summary)
    assert re.search(r"\d\.\d s  Building the tarball\n", summary)
    assert re.search(r"a booted Debian \d+ box with no route out", summary)
    with pytest.raises(urllib.error.URLError):
        get(re.search(r"http://\S+", summary)[0])


def test_where_no_engine_answers_this_machine_builds_and_that_is_said(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    summary = summary_of_demo(tmp_path, capfd)
    assert "engine     host (no Docker engine answers at DOCKER_HOST=unix:///nowhere/docker.sock" in summary
    assert "answered   http://10.213." in summary
