"""Runs the builder: python3 -B deploy/builder tarball VERSION | lock | targets; see build_tarball.sh and the others."""

import sys
from pathlib import Path

# deploy/ holds this package and its neighbours versions.py and pack.py.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builder.main import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
