#!/usr/bin/env bash
# diff.sh: shows what changed from the bundles of one version to those of another, for those who must approve it.
#
# Usage: deploy/diff.sh A B
#   A, B      versions of bundles in dist/, the earlier one first
# Environment:
#   TARGET       a directory of dist/, or a pattern; default: all that have both
#   RELEASE_KEY  the public key that must have signed the .sha256 (make keygen)
# Nothing is changed, and nothing of a bundle is run.
# Exit codes: 0 shown; 64 usage; 65 a bundle is damaged, or not signed by RELEASE_KEY; 69 there is none.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"
exec bash "$HERE/run_builder.sh" diff "$@"
