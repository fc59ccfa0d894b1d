"""How a check says what it found."""

import pytest


def require(condition, *, expected, found, remedy):
    """Turn the check red, with what a person needs to know, unless `condition` holds."""
    if not condition:
        pytest.fail(f"expected: {expected}\nfound:    {found}\nto do:    {remedy}", pytrace=False)


def not_applicable(reason):
    """End the check: it says nothing about this box."""
    pytest.skip(reason)


def listing(items, most=5):
    """The first few of many, and how many more there are."""
    items = sorted(items)
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest
