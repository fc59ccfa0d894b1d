"""The settings of one box: KEY=value lines in BASE/state/settings, never part of a bundle.

setup.sh takes them as arguments and checks them by the same patterns.
"""

import re

import files
from output import CONFIGURATION, Failure

HOST_NAME = r"[A-Za-z0-9*][A-Za-z0-9.*-]{0,252}"
PATTERNS = {
    "PORT": r"[1-9][0-9]{0,4}",
    "SERVER_NAME": "%s(,%s){0,15}" % (HOST_NAME, HOST_NAME),
    "NGINX": "site|snippet|none",
    "WORKERS": "[1-9][0-9]{0,2}",
    "THREADS": "[1-9][0-9]{0,2}",
}
STANDARD = {"PORT": "1337", "NGINX": "site"}


class Settings(object):
    """What is recorded, read afresh each time: another process may have recorded something."""

    def __init__(self, path):
        self._path = path
        self._replacements = files.Replacements()

    def get(self, key):
        """The value of a setting, None where neither the box nor this project has one. Failure (78) if it is wrong."""
        value = files.read_values(self._path).get(key) or STANDARD.get(key)
        if value is not None:
            _check(key, value)
        return value

    def record(self, text):
        """Remember new KEY=value lines beside the others, forget those without a value; True if that changed any."""
        values = files.read_values(self._path)
        for line in text.split():
            key, _, value = line.partition("=")
            _check(key, value or None)
            values[key] = value
        lines = ["%s=%s\n" % pair for pair in sorted(values.items()) if pair[1]]
        return bool(text.strip()) and self._replacements.write(self._path, "".join(lines))

    def undo(self):
        """Forget what this process recorded."""
        self._replacements.undo()


def _check(key, value):
    known = key in PATTERNS
    if not known or (value is not None and not re.match("(?:%s)\\Z" % PATTERNS[key], value)):
        raise Failure(CONFIGURATION, "state/settings: %s=%s is no setting; see setup.sh" % (key, value))
