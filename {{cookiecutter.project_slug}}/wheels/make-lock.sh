#!/usr/bin/env bash
# make-lock.sh: resolves requirements.txt with the target's own interpreter into exact versions with hashes.
#
# Usage: make-lock.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL         interpreter made by build-python.sh
#   SERIES       its X.Y
#   PROJECT      directory with requirements.txt
#   LOCK_TOOLS   requirements file with the pip-tools to use
#   OUTPUT       directory that receives lock.txt; versions in a lock.txt that is there already are kept where they fit
# Exit codes: 0 done; otherwise those of pip and pip-tools.
set -Eeuo pipefail

main() {
  local tools="$OUTPUT/tools"
  "$FULL/bin/python$SERIES" -m pip install --quiet --target "$tools" --requirement "$LOCK_TOOLS"
  cd "$PROJECT"
  PYTHONPATH="$tools" "$FULL/bin/python$SERIES" -m piptools compile --quiet --generate-hashes --allow-unsafe \
    --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --output-file "$OUTPUT/lock.txt" requirements.txt
}

main
