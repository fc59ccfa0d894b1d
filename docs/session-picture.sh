#!/usr/bin/env bash
# session-picture.sh: make docs/session.svg, the picture of a terminal session, out of a real run on a booted box.
#
# Usage: docs/session-picture.sh        (after make setup; as root, like make demo)
# Exit codes: 0 made; else those of the commands that it shows.
set -Eeuo pipefail
CDPATH='' cd "$(dirname "$0")/.."
PYTHONPATH=tests .venv/bin/python -m lab.session docs/session.svg
printf '==> docs/session.svg\n'
