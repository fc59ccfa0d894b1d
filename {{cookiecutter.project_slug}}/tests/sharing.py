"""Several boxes are shared among pytest-xdist's workers, one a processor; each looks at all boxes of its share at once.

For one box there is no worker: starting one takes longer than judging a box.
"""

import pickle

import testinfra
from look import box_name


def is_worker(config):
    """Whether this process is a worker, not the one that reports."""
    return hasattr(config, "workerinput")


def box_names(config):
    """What the boxes of --hosts are called, in their order."""
    return [box_name(testinfra.get_host(host)) for host in config.option.hosts.split(",")]


def shares(hosts, config):
    """The hosts (a dict by name) in as many dicts as there are workers; controller.py deals the checks out alike."""
    number = config.workerinput["workercount"] if is_worker(config) else 1
    names = list(hosts)
    return [{name: hosts[name] for name in names[first::number]} for first in range(number)]


def handed_bundle(config):
    """In a worker: what Controller has handed to it."""
    return pickle.loads(config.workerinput["find_bundle"])


def keep(summaries, config):
    """Give the Summaries of boxes, by name, to the report, from wherever they were looked at."""
    if is_worker(config):
        config.workeroutput.setdefault("boxes", {}).update((name, tuple(box)) for name, box in summaries.items())
    else:
        config.pluginmanager.get_plugin("terminalreporter").boxes.update(summaries)
