#!/usr/bin/env bash
# fetch-build-requirements.sh: downloads what building each source distribution needs, each into a directory of its own.
#
# Usage: fetch-build-requirements.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL     interpreter made by build-python.sh
#   SERIES   its X.Y
#   PINS     directory with NAME.txt, exact versions with hashes, for the source distribution NAME
#   OUTPUT   directory that receives NAME/ with the wheels
# Exit codes: 0 done; otherwise pip's.
set -Eeuo pipefail

main() {
  local list
  for list in "$PINS"/*.txt; do
    "$FULL/bin/python$SERIES" -m pip download --dest "$OUTPUT/$(basename "$list" .txt)" \
      --no-deps --only-binary :all: --require-hashes --requirement "$list"
  done
}

main
