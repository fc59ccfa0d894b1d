#!/usr/bin/env bash
# reproduce.sh: builds a finished bundle once more, from what its BUNDLE records, and says whether it is the same, byte for byte.
#
# Usage: deploy/reproduce.sh VERSION        (make reproduce VERSION=…)
#   VERSION   a version with a bundle in dist/TARGET/
# Environment:
#   TARGET    as for build_tarball.sh; default: every target that has a bundle of that version
#   CACHE     empty: with a cache of its own, CPython compiled anew (the default; minutes); shared: with the usual one (seconds).
#             Sources and tools, which are checked against pinned hashes, are not fetched again.
#   The rest as for build_tarball.sh, and as it was then.
# The revision here must be the one that the bundle was built from, without changes, and engine, operating system, locks and
# sources the same; what is not is named, and nothing is built. A bundle that comes out otherwise is left in dist/reproduced/.
# Exit codes: 0 identical; 1 it differs, the members that do are named; 64 usage; 69 there is no such bundle, or something
#   needed is unavailable; 70 compiling failed; 73 a write failed; 78 this is not what it was built from, or settings.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"
exec bash "$HERE/run_builder.sh" reproduce "$@"
