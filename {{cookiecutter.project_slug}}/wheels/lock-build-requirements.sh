#!/usr/bin/env bash
# lock-build-requirements.sh: resolves what building each source distribution needs into exact versions with hashes.
#
# Usage: lock-build-requirements.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL         interpreter made by build-python.sh
#   SERIES       its X.Y
#   SOURCES      directory of source distributions
#   LOCK_TOOLS   requirements file with the pip-tools to use
#   WORK         directory to work in
#   OUTPUT       directory that receives NAME.txt for the source distribution NAME
# Exit codes: 0 done; otherwise those of pip and pip-tools.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE

# Only wheels: what builds a package is not built itself.
resolve() {
  PYTHONPATH="$WORK/tools" "$FULL/bin/python$SERIES" -m piptools compile --quiet --generate-hashes --allow-unsafe \
    --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
    --pip-args "--only-binary :all:" --output-file "$2" "$1"
}

main() {
  local requirements
  mkdir "$WORK/lists"
  "$FULL/bin/python$SERIES" -m pip install --quiet --target "$WORK/tools" --requirement "$LOCK_TOOLS"
  "$FULL/bin/python$SERIES" "$HERE/list_build_requirements.py" "$SOURCES" "$WORK/lists"
  # One by one: two packages may want different versions of the same tool.
  for requirements in "$WORK/lists"/*.txt; do
    mv "$requirements" "$WORK/requirements.in"
    resolve "$WORK/requirements.in" "$OUTPUT/$(basename "$requirements")"
  done
}

main
