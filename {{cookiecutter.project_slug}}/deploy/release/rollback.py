"""Choosing the release that a rollback goes back to."""

from output import CONFIGURATION, Failure


def choose(layout, state, version=None):
    """The release to go back to: the named one, else the one that was in service before the current one became good.

    If that is gone, the last one that became good before the current one. Failure (78) says why there is none.
    """
    current = layout.current()
    if current is None:
        raise Failure(CONFIGURATION, "nothing is in service, so there is nothing to go back from")
    if version is None:
        version = _default(state, current.version)
    elif version == current.version:
        raise Failure(CONFIGURATION, "version %s is in service already" % version)
    elif version in state.marked("bad"):
        raise Failure(CONFIGURATION, "version %s was refused when it was deployed; deploy it again instead" % version)
    elif version not in state.marked("complete"):
        raise Failure(CONFIGURATION, "version %s is not installed; %s" % (version, _installed(state)))
    return layout.release(version)


def _default(state, current):
    good = [version for version in state.marked("good") if version in state.marked("complete")]
    former = (state.read_mark("good", current) or {}).get("former")
    if former in good:
        return former
    earlier = good[: good.index(current)] if current in good else [version for version in good if version != current]
    if not earlier:
        raise Failure(CONFIGURATION, "no good release before %s is installed; %s" % (current, _installed(state)))
    return earlier[-1]


def _installed(state):
    return "installed: %s" % " ".join(state.marked("complete"))
