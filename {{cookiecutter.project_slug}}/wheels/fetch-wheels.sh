#!/usr/bin/env bash
# fetch-wheels.sh: downloads what a lock names, with the target's own pip: wheels, and sources where there is no wheel that fits.
#
# Usage: fetch-wheels.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL     interpreter made by build-python.sh
#   SERIES   its X.Y
#   LOCK     requirements file with exact versions and hashes
#   OUTPUT   directory that receives the files
# Exit codes: 0 done; otherwise pip's.
set -Eeuo pipefail

main() {
  "$FULL/bin/python$SERIES" -m pip download --dest "$OUTPUT" --require-hashes --requirement "$LOCK"
}

main
