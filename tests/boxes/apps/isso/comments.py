"""Isso (WSGI): comments in a database that outlives releases."""

import os
from pathlib import Path

os.environ.setdefault("ISSO_SETTINGS", str(Path(__file__).with_name("isso.cfg")))

from isso.run import application as app  # noqa: E402, F401
