#!/bin/sh
# Usage: run by setup.sh, once before the release first serves.
set -eu
DJANGO_SETTINGS_MODULE=board.settings PYTHONPATH=. python -m django migrate --noinput
