"""What the checks share: the bundle they compare with, the facts of the box, and which of them apply."""

import pathlib

import anchor
import pytest
import sharing
from asking import NoAnswer
from expected import BadBundle
from facts import ANY_ADDRESS, LOOPBACK
from judgement import not_applicable, require
from look import Look, box_name, look_at_all, summary
from reporter import Annotator, Reporter, print_error

# sysexits.h
DATA_ERROR = 65
UNAVAILABLE = 69

FIND_BUNDLE, SHARES, LOOKS = (pytest.StashKey() for _ in range(3))
SERVING = (LOOPBACK, *ANY_ADDRESS)

NEEDS = {
    "root mode": lambda facts: facts.mode == "root",
    "user mode": lambda facts: facts.mode == "user",
    "NGINX=site in root mode": lambda facts: facts.mode == "root" and facts.nginx in ("", "site"),
    "root mode with systemd": lambda facts: facts.mode == "root" and facts.systemd,
    # Root's crontab is root's alone to read.
    "user mode, or root's eyes without systemd": lambda facts: (
        facts.mode == "user" or (not facts.systemd and facts.reader == "0")
    ),
    "a login that may look into them": lambda facts: facts.sees_processes,
    "a login that may look at the service manager": lambda facts: facts.reader == "0" or facts.mode == "user",
}


def pytest_addoption(parser):
    parser.addoption("--bundle", type=pathlib.Path, help="a tarball, its sidecar beside it")
    parser.addoption("--sidecar", type=pathlib.Path, help="without --bundle: the sidecar alone")
    parser.addoption("--key", type=pathlib.Path, help="a public key that must have signed the sidecar")
    parser.addoption("--app", help="without --bundle: the application's name")
    parser.addoption("--app-version", default="", help="without --bundle or --sidecar: default, the one in service")
    parser.addoption("--rehearsal", action="store_true", help="a tool that the box lacks is no fault")
    parser.addoption("--report", type=pathlib.Path, help="write what was found to this file, as HTML")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Find out once what to compare with, before any box is asked; returns an exit code if that cannot be."""
    if sharing.is_worker(config):
        config.stash[FIND_BUNDLE] = sharing.handed_bundle(config)
        return None
    try:
        config.stash[FIND_BUNDLE] = anchor.choose(config.option)
    except BadBundle as reason:
        print_error(f"{reason}; build the tarball again, or copy it here again")
        return DATA_ERROR
    return None


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    plugins = config.pluginmanager
    plugins.register(Annotator())
    config.stash[LOOKS] = {}
    if sharing.is_worker(config):
        return
    reporter = Reporter(config.option.report, sharing.box_names(config))
    for name in ("terminalreporter", "terminaldistreporter"):
        if plugins.has_plugin(name):
            plugins.unregister(name=name)
    plugins.register(reporter, "terminalreporter")
    if plugins.has_plugin("dsession"):
        from controller import Controller  # here, because pytest-xdist takes a tenth of a second to load

        plugins.register(Controller(config.stash[FIND_BUNDLE], reporter.boxes))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Box after box, as they were named; each worker takes one share of them."""
    hosts = {box_name(_host(item)): _host(item) for item in items}
    order = list(hosts)
    items.sort(key=lambda item: order.index(box_name(_host(item))))
    config.stash[SHARES] = sharing.shares(hosts, config)


def _host(item):
    return item.callspec.params["_testinfra_host"]


@pytest.fixture
def look(request, host) -> Look:
    """What was found on this box. Where it cannot be looked at, one check is red and the others have no say."""
    found = _look_at(request.config, box_name(host))
    if isinstance(found.trouble, NoAnswer) and len(sharing.box_names(request.config)) == 1:
        pytest.exit(f"{host.backend.get_hostname()}: {found.trouble}", returncode=UNAVAILABLE)
    if found.trouble and request.function.__name__ == "test_installed":
        _report_trouble(found.trouble, request.config.option.sidecar)
    return not_applicable("this box could not be looked at") if found.trouble else found


def _look_at(config, name):
    """The Look at a box; with the first of a share, all of it are looked at."""
    looks = config.stash[LOOKS]
    if name not in looks:
        share = next(share for share in config.stash[SHARES] if name in share)
        looks.update(look_at_all(share, config.stash[FIND_BUNDLE]))
        sharing.keep({name: summary(looks[name]) for name in share}, config)
    return looks[name]


def _report_trouble(trouble, sidecar):
    unreachable = isinstance(trouble, NoAnswer)
    require(
        False,
        expected="an answer" if unreachable else f"the release that {sidecar} anchors" if sidecar else "a release",
        found=trouble,
        remedy="see that ssh reaches the box" if unreachable else "deploy the release, again if it is there",
    )


@pytest.fixture
def bundle(look):
    """The expected values."""
    return look.bundle


@pytest.fixture
def facts(look):
    """What can be seen of the box, even where nothing is installed."""
    return look.facts


@pytest.fixture
def box(request, facts, bundle):
    """The facts of a box that has the release and what the check needs; elsewhere the check ends here."""
    if bundle.release not in facts.members:
        not_applicable(f"{bundle.release} is not installed")
    for need in request.node.iter_markers("needs"):
        if not NEEDS[need.args[0]](facts):
            not_applicable(f"for {need.args[0]} only")
    for tool in request.node.iter_markers("tool"):
        if request.config.option.rehearsal and not getattr(facts, f"has_{tool.args[0]}"):
            not_applicable(f"the box of this rehearsal has no {tool.args[0]}")
    return facts


@pytest.fixture
def answers(look, box):
    """What Python, gunicorn and nginx answered."""
    return look.answers


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
