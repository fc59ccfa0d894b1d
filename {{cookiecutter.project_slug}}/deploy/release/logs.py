"""The end of the application's error log, to show why a release was refused.

The log is the application's account's: it is read only if it is a plain file, never through a link.
"""

import os
import stat

import native
import process

LONGEST_BYTES = 64 * 1024
# gunicorn's own farewell takes twenty lines below the traceback that matters
SHOWN_LINES = 40


def _open(layout):
    descriptor = os.open(os.path.join(layout.logs, "error.log"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a plain file")
    return os.fdopen(descriptor, "rb")


def end(layout):
    """The size of the error log in bytes, 0 if there is none."""
    try:
        with _open(layout) as log:
            return os.fstat(log.fileno()).st_size
    except OSError:
        return 0


def since(layout, start):
    """The last lines written after `start` bytes, indented, each with its end of line; empty if there are none."""
    try:
        with _open(layout) as log:
            log.seek(max(start, os.fstat(log.fileno()).st_size - LONGEST_BYTES))
            text = process.tail(native.text(log.read()), SHOWN_LINES)
    except OSError:
        return ""
    return text + "\n" if text else ""
