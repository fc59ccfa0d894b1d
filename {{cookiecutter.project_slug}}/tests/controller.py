"""For several boxes: the process that hands the checks to pytest-xdist's workers, and reports; sharing.py is theirs."""

import pickle

from look import Summary
from xdist.scheduler import LoadScopeScheduling


class Controller:
    """What the workers are given, and what they give back: `boxes` is filled with their Summaries by name."""

    def __init__(self, find_bundle, boxes):
        self._find_bundle, self._boxes = pickle.dumps(find_bundle), boxes

    def pytest_configure_node(self, node):
        node.workerinput["find_bundle"] = self._find_bundle

    def pytest_xdist_make_scheduler(self, config, log):
        return ByShare(config, log)

    def pytest_testnodedown(self, node):
        # One that crashed has none, and what it did not check is missed.
        boxes = getattr(node, "workeroutput", {}).get("boxes", {})
        self._boxes.update((name, Summary(*values)) for name, values in boxes.items())


class ByShare(LoadScopeScheduling):
    """Each worker gets the checks of one share of the boxes, which are in the order of sharing.shares()."""

    def __init__(self, config, log):
        super().__init__(config, log)
        self._numbers = {}

    def _split_scope(self, nodeid):
        box = nodeid.partition("[")[2]
        return str(self._numbers.setdefault(box, len(self._numbers)) % self.numnodes)
