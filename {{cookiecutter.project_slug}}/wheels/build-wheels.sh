#!/usr/bin/env bash
# build-wheels.sh: makes a wheel of everything that fetch-wheels.sh downloaded; finished wheels are taken as they are.
#
# Usage: build-wheels.sh        (needs no network)
# Environment:
#   FULL      interpreter made by build-python.sh
#   SERIES    its X.Y
#   LOCK      requirements file with exact versions and hashes
#   FETCHED   directory written by fetch-wheels.sh
#   OUTPUT    directory that receives the wheels
#   MTIME     modification time, in seconds since 1970, of what is in the wheels that are built
# Exit codes: 0 done; otherwise pip's.
set -Eeuo pipefail

main() {
  # https://reproducible-builds.org/specs/source-date-epoch/
  export SOURCE_DATE_EPOCH="$MTIME"
  "$FULL/bin/python$SERIES" -m pip wheel --no-index --no-deps --use-pep517 --require-hashes --requirement "$LOCK" \
    --find-links "$FETCHED/files" --find-links "$FETCHED/build-requirements" --wheel-dir "$OUTPUT"
  chmod 644 "$OUTPUT"/*.whl
}

main
