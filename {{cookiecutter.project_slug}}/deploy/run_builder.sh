#!/usr/bin/env bash
# run_builder.sh: starts the Python program in deploy/builder; build_tarball.sh, lock.sh … are its front doors.
#
# Usage: deploy/run_builder.sh tarball VERSION | reproduce VERSION | lock | targets | doctor | inspect VERSION | diff A B
# Environment: see build_tarball.sh
# Exit codes: those of the builder; 69 there is no Python 3.9 or newer.
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"

if ! command -v python3 >/dev/null; then
  printf 'error: this needs Python 3.9 or newer as python3; install it (on Debian and Ubuntu: sudo apt-get install python3)\n' >&2
  exit 69
fi
# Byte code goes to the cache, not beside the sources, where many want none: compiling it anew takes longer than a rebuild.
unset PYTHONDONTWRITEBYTECODE
exec python3 -X "pycache_prefix=${XDG_CACHE_HOME:-$HOME/.cache}/offline-flask/pycache" "$HERE/builder" "$@"
