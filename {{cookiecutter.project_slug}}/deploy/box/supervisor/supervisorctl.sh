#!/bin/sh
# supervisorctl.sh: look at and control what this box's supervisord runs; for people, the scripts do without it.
#
# Usage: sh supervisorctl.sh [status | signal HUP NAME:slot_1 | ...]
#
# Environment: none is used.
#
# Exit codes: those of supervisorctl.
set -eu
release=$(CDPATH='' cd -P "$(dirname "$0")/../../.." && pwd)
exec "$release/venv/bin/python" -E -s -B "$release/deploy/box/supervisor/run.py" supervisorctl "$@"
