"""What make doctor found: one thing, and what mends it."""

from typing import NamedTuple

OK, MISSING, NOTE = "ok", "missing", "note"


class Finding(NamedTuple):
    """One thing that was looked at: ok, missing, or a note on what only some need; and what mends it."""

    state: str
    what: str
    mend: str = ""
