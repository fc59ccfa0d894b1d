"""What the checks share: the bundle they compare with, the facts of the box, and which of them apply."""

import pathlib

import pytest
from expected import BadBundle, read_bundle
from facts import ANY_ADDRESS, LOOPBACK, NoAnswer, read_answers, read_facts
from judgement import not_applicable, require
from reporter import Reporter

# sysexits.h
DATA_ERROR = 65
UNAVAILABLE = 69

BUNDLE = pytest.StashKey()
SERVING = (LOOPBACK, *ANY_ADDRESS)

NEEDS = {
    "root mode": lambda facts: facts.mode == "root",
    "NGINX=site in root mode": lambda facts: facts.mode == "root" and facts.nginx in ("", "site"),
    "root mode with systemd": lambda facts: facts.mode == "root" and facts.systemd,
    # Root's crontab is root's alone to read.
    "user mode, or root's eyes without systemd": lambda facts: (
        facts.mode == "user" or (not facts.systemd and facts.reader == "0")
    ),
}


def pytest_addoption(parser):
    parser.addoption("--bundle", required=True, type=pathlib.Path, help="a tarball, its sidecar beside it")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Reporter(), "terminalreporter")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session):
    try:
        session.config.stash[BUNDLE] = read_bundle(session.config.option.bundle)
    except BadBundle as reason:
        pytest.exit(f"{reason}; build the tarball again, or copy it here again", returncode=DATA_ERROR)


@pytest.fixture(scope="session")
def bundle(request):
    """The expected values."""
    return request.config.stash[BUNDLE]


@pytest.fixture(scope="session")
def asked():
    """Answers of each box, by question and box: a box is asked once."""
    return {}


def _ask_once(asked, host, question, *arguments):
    hostname = host.backend.get_hostname()
    key = (question, hostname)
    try:
        if key not in asked:
            asked[key] = question(host, *arguments)
    except NoAnswer as reason:
        pytest.exit(f"{hostname}: {reason}", returncode=UNAVAILABLE)
    return asked[key]


@pytest.fixture
def facts(host, bundle, asked):
    """What can be seen of the box, even where nothing is installed."""
    return _ask_once(asked, host, read_facts, bundle)


@pytest.fixture
def box(request, facts, bundle):
    """The facts of a box that has the release and what the check needs; elsewhere the check ends here."""
    if bundle.release not in facts.members:
        not_applicable(f"{bundle.release} is not installed")
    for need in request.node.iter_markers("needs"):
        if not NEEDS[need.args[0]](facts):
            not_applicable(f"for {need.args[0]} only")
    return facts


@pytest.fixture
def answers(host, bundle, box, asked):
    """What Python, gunicorn and nginx answered; asked after the facts, as asking can start the service."""
    return _ask_once(asked, host, read_answers, bundle, box)


@pytest.fixture
def gunicorn(box):
    """The processes that answer on the public port, apart from those that only keep it open for them."""
    require(
        box.sees_processes,
        expected=f"a login that may look at the processes of {box.username}",
        found=f"user {box.reader}, who may not",
        remedy=f"log in as root, as a user with passwordless sudo, or as {box.username}",
    )
    return [process for process in box.processes if process.address in SERVING and not box.only_keeps(process)]
