#!/bin/sh
# Start the app in the foreground on 127.0.0.1:1337, for a person to try it; Ctrl-C stops it.
# The service on a box does not use this script.
#
# Usage: sh run.sh [gunicorn options]
# Exit codes: gunicorn's own; 69 where there is no venv/ beside this script.
set -eu

CDPATH='' cd "$(dirname "$0")"
if [ ! -x venv/bin/python ]; then
  echo "error: no venv/ here; make one: python3 -m venv venv && venv/bin/pip install -r requirements.txt" >&2
  exit 69
fi
# `-m gunicorn` alone came with gunicorn 20.
exec venv/bin/python -m gunicorn.app.wsgiapp -b 127.0.0.1:1337 "$@" app:app
