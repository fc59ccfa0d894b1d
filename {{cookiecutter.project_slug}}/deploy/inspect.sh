#!/usr/bin/env bash
# inspect.sh: shows what is in the bundles of a version: layers and sizes, wheels, what it needs, what BUNDLE says.
#
# Usage: deploy/inspect.sh VERSION
#   VERSION   of bundles in dist/
# Environment:
#   TARGET       a directory of dist/, or a pattern; default: all that have it
#   RELEASE_KEY  the public key that must have signed the .sha256 (make keygen)
# Nothing is changed, and nothing of a bundle is run.
# Exit codes: 0 shown; 64 usage; 65 a bundle is damaged, or not signed by RELEASE_KEY; 69 there is none.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"
exec bash "$HERE/run_builder.sh" inspect "$@"
