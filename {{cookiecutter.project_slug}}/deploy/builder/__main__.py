"""Runs the builder, see run_builder.sh; this file alone is one that any Python can read."""

import os
import sys

if sys.version_info < (3, 9):  # noqa: UP036 (whoever has an older one is told here)
    sys.stderr.write("error: this needs Python 3.9 or newer as python3; install it\n")
    sys.exit(69)

# deploy/ holds this package and its neighbours versions.py and pack.py.
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from builder.main import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
