#!/usr/bin/env bash
# targets.sh: shows what each row of targets.json would be built with, and what of it is in the cache. It builds nothing.
#
# Usage: deploy/targets.sh
# Environment: TARGET, ENGINE as for build_tarball.sh; no Docker engine needs to answer: what only it knows is then a question mark
# Exit codes: 0 shown; 64 usage; 69 there is no Python 3.9 or newer; 78 targets.json is wrong.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"
exec bash "$HERE/run_builder.sh" targets "$@"
