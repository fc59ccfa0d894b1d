#!/usr/bin/env bash
# lock.sh: pins what project/requirements.txt needs, with hashes, in project/locks/pyX.Y.txt, for every Python of targets.json.
#
# Usage: deploy/lock.sh
#   Versions that a lock pins already are kept where they still satisfy requirements.txt; delete the lock to have the newest.
# Environment: TARGET, ENGINE and the rest as for build_tarball.sh
# Exit codes: 0 done; 64 usage; 69 something needed is unavailable; 70 compiling failed; 73 a write failed; 78 settings.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"
exec bash "$HERE/run_builder.sh" lock "$@"
