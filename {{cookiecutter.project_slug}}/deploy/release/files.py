"""Files that are never seen half-written, and that can be put back as they were."""

import errno
import os
import subprocess

from output import WRITE_FAILED, Failure


def write(path, text, mode=0o644):
    """Replace a file at once; a reader sees the old text or the new one. Failure if the write fails."""
    temporary = _hidden(path)
    try:
        with open(temporary, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.rename(temporary, path)
    except (IOError, OSError) as reason:
        raise Failure(WRITE_FAILED, "cannot write %s: %s" % (path, reason))


def read_or_none(path):
    try:
        with open(path) as file:
            return file.read()
    except IOError as reason:
        if reason.errno != errno.ENOENT:
            raise
        return None


def read_values(path):
    """The KEY=value lines of a file as a dict, empty if there is no such file. Nothing in it is evaluated."""
    lines = [line.strip() for line in (read_or_none(path) or "").splitlines()]
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def size(tree):
    """The bytes that a tree takes on disk; links are not followed."""
    found = {}
    for directory, _, names in os.walk(tree):
        for name in names:
            status = os.lstat(os.path.join(directory, name))
            found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(found.values())


def remove(path):
    """Remove a file that may be missing."""
    try:
        os.unlink(path)
    except OSError as reason:
        if reason.errno != errno.ENOENT:
            raise


def point(link, target):
    """Make `link` point at `target` by rename(2): at every instant it points at the old or the new one."""
    temporary = _hidden(link)
    remove(temporary)
    os.symlink(target, temporary)
    os.rename(temporary, link)


def sync(path):
    """Flush the file system that holds `path`; without it a power cut can leave files of length zero.

    `sync -f` came with coreutils 8.24; older ones flush everything.
    """
    if start_sync(path).wait():
        subprocess.call(["sync"], close_fds=True)


def start_sync(path):
    """Begin to flush, and return the process that does; one that fails has flushed nothing."""
    with open(os.devnull, "w") as null:
        return subprocess.Popen(["sync", "-f", path], stderr=null, close_fds=True)


class Replacements(object):
    """Files replaced one after the other, and the way back."""

    def __init__(self):
        self._before = []

    def write(self, path, text):
        """Write `text` to `path`, None: remove it; True if that changed it."""
        before = read_or_none(path)
        if before == text:
            return False
        self._before.append((path, before))
        _write_or_remove(path, text)
        return True

    def undo(self):
        """Put every file back as it was; True if there was one."""
        changed = bool(self._before)
        while self._before:
            _write_or_remove(*self._before.pop())
        return changed


def _write_or_remove(path, text):
    if text is None:
        remove(path)
    else:
        write(path, text)


def fill(template, **values):
    """The text of a template file with each @KEY@ replaced."""
    with open(template) as file:
        text = file.read()
    for key, value in values.items():
        text = text.replace("@%s@" % key.upper(), value)
    return text


def _hidden(path):
    return os.path.join(os.path.dirname(path), ".%s.new" % os.path.basename(path))
