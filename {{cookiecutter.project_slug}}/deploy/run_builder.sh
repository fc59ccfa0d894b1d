#!/usr/bin/env bash
# run_builder.sh: starts the Python program in deploy/builder; build_tarball.sh, lock.sh and targets.sh are its front doors.
#
# Usage: deploy/run_builder.sh tarball VERSION | lock | targets
# Environment: see build_tarball.sh
# Exit codes: those of the builder; 69 there is no Python 3.9 or newer.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
  printf 'error: this needs Python 3.9 or newer as python3; install it (on Debian and Ubuntu: sudo apt-get install python3)\n' >&2
  exit 69
fi
exec python3 -B "$HERE/builder" "$@"
