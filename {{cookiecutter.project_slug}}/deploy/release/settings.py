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
    """What is recorded, read afresh each time: another process may have recorded something.

    Until they are confirmed, the former settings lie beside the new ones: whoever comes after a kill can go back.
    """

    def __init__(self, path):
        self._path = path
        self._former = path + ".former"

    def get(self, key):
        """The value of a setting, None where neither the box nor this project has one. Failure (78) if it is wrong."""
        value = files.read_values(self._path).get(key) or STANDARD.get(key)
        if value is not None:
            _check(key, value)
        return value

    def change(self, text):
        """Whether new KEY=value lines say anything new; Failure (78) if one is wrong."""
        return bool(text.strip()) and self._merged(text) != files.read_values(self._path)

    def record(self, text, version, current):
        """Remember new KEY=value lines beside the others, forget those without a value.

        version  the release that is to have them
        current  the version that is in service meanwhile, None if there is none
        """
        former = dict(files.read_values(self._path), FOR=version, BESIDE=current or "")
        files.write(self._former, _lines(former))
        files.write(self._path, _lines(self._merged(text)))

    def unconfirmed(self):
        """The version that settings were recorded for which are neither confirmed nor undone, or None."""
        return files.read_values(self._former).get("FOR")

    def confirm(self):
        """They are in force: there is no way back from now on."""
        files.remove(self._former)

    def restore(self):
        """Put the former settings back, and keep in mind that they are not in force yet."""
        former = files.read_values(self._former)
        if former:
            files.write(self._path, _lines({key: former[key] for key in former if key in PATTERNS}))

    def undo(self):
        """Forget what was recorded, where it never came into force; a no-op once it is confirmed."""
        self.restore()
        self.confirm()

    def in_force(self, current):
        """Whether unconfirmed settings are in force: they came with another release, and that one is in service now."""
        former = files.read_values(self._former)
        return former.get("FOR") == current != former.get("BESIDE")

    def _merged(self, text):
        values = files.read_values(self._path)
        for line in text.split():
            key, _, value = line.partition("=")
            _check(key, value or None)
            values[key] = value
        return {key: value for key, value in values.items() if value}


def _lines(values):
    return "".join("%s=%s\n" % pair for pair in sorted(values.items()))


def _check(key, value):
    known = key in PATTERNS
    if not known or (value is not None and not re.match("(?:%s)\\Z" % PATTERNS[key], value)):
        raise Failure(CONFIGURATION, "state/settings: %s=%s is no setting; see setup.sh" % (key, value))
