"""How a check says what it expected and what it found."""

from typing import NamedTuple

import pytest


class Judgement(NamedTuple):
    """What a check compared, in words."""

    expected: str
    found: str
    remedy: str


_judgements = []


ANEW = 'make the release anew ("Damaged" in docs/box.md)'


def require(condition, *, expected, found, remedy):
    """Turn the check red, with what a person needs to know, unless `condition` holds."""
    judgement = Judgement(str(expected), str(found), str(remedy))
    _judgements.append(judgement._replace(found="as expected", remedy="") if condition else judgement)
    if not condition:
        pytest.fail("expected: {}\nfound:    {}\nto do:    {}".format(*judgement), pytrace=False)


def require_none(faults, *, expected, remedy, found=""):
    """Turn the check red if there are any faults (texts), which are listed after what they have in common, `found`."""
    prefix = f"{found}: " if found else ""
    require(not faults, expected=expected, found=f"{prefix}{listing(faults)}", remedy=remedy)


def last_judgement():
    """The Judgement that was passed last, None if none was; the next call has none again."""
    last = _judgements[-1] if _judgements else None
    _judgements.clear()
    return last


def not_applicable(reason):
    """End the check: it says nothing about this box."""
    pytest.skip(reason)


def listing(items, most=5):
    """The first few of many, and how many more there are."""
    items = sorted(items)
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest
