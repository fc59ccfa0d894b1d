"""The one way in which the lab says that this machine cannot do something."""


class Unavailable(Exception):
    """This machine cannot provide what was asked for; the message is the reason, for people.

    tests/conftest.py turns it into a skipped test, and into a failed one where CI=true.
    """
