#!/usr/bin/env bash
# fetch-wheels.sh: downloads what a lock names, with the target's own pip, and what building those of it needs that are sources.
#
# Usage: fetch-wheels.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL     interpreter made by build-python.sh
#   SERIES   its X.Y
#   LOCK     requirements file with exact versions and hashes
#   OUTPUT   directory that receives files/ and build-requirements/
# Exit codes: 0 done; otherwise pip's.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE

download() {
  "$FULL/bin/python$SERIES" -m pip download --dest "$@"
}

main() {
  local requirements
  mkdir "$OUTPUT/files" "$OUTPUT/build-requirements" "$OUTPUT/lists"
  download "$OUTPUT/files" --require-hashes --requirement "$LOCK"
  "$FULL/bin/python$SERIES" "$HERE/list_build_requirements.py" "$OUTPUT/files" "$OUTPUT/lists"
  # One by one: two packages may want different versions of the same tool.
  for requirements in "$OUTPUT"/lists/*.txt; do
    if [ -e "$requirements" ]; then
      download "$OUTPUT/build-requirements" --only-binary :all: --requirement "$requirements"
    fi
  done
}

main
