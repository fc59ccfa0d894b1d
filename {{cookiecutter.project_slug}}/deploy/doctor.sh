#!/usr/bin/env bash
# doctor.sh: looks at the build host and the project, and names what is missing, each with what mends it. It changes nothing.
#
# Usage: deploy/doctor.sh
# Environment: TARGET, ENGINE and the rest as for build_tarball.sh
# Exit codes: 0 nothing is missing; 64 usage; 69 there is no Python 3.9 or newer; 78 something is missing.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"
exec bash "$HERE/run_builder.sh" doctor "$@"
