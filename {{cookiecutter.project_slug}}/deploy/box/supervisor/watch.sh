#!/bin/sh
# watch.sh: start supervisord again, and what is in service under it, if it was killed; cron calls this once a minute.
#
# Usage: sh watch.sh
#
# It starts nothing beside a deployment that runs.
#
# Environment: none is used.
#
# Exit codes: 0 supervisord runs; else those of activate.sh, whose header tells them.
set -eu
release=$(CDPATH='' cd -P "$(dirname "$0")/../../.." && pwd)
pid=$(cat "${release%/*}/state/supervisor/supervisord.pid" 2>/dev/null || true)
# After a kill or a reboot the number may be another process's by now.
! tr '\0' ' ' <"/proc/${pid:-none}/cmdline" 2>/dev/null | grep -q 'run\.py supervisord' || exit 0
exec sh "$release/deploy/activate.sh"
