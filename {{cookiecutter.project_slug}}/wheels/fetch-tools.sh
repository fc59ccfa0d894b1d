#!/usr/bin/env bash
# fetch-tools.sh: downloads the pip, setuptools, wheel and virtualenv of a Python, with the pip that CPython's source bundles.
#
# Usage: fetch-tools.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL     interpreter made by build-python.sh
#   SERIES   its X.Y
#   TOOLS    requirements file with exact versions and hashes
#   OUTPUT   directory that receives the files
# Exit codes: 0 done; otherwise pip's.
set -Eeuo pipefail

main() {
  local bootstrap wheel
  # Taken out of their wheels: pip could not read its list of certificate authorities in a zip file, and asking scandir's source what
  # it is takes setuptools, where that is bundled.
  bootstrap="$(mktemp -d)"
  for wheel in "$FULL/lib/python$SERIES"/ensurepip/_bundled/*.whl; do
    "$FULL/bin/python$SERIES" -m zipfile -e "$wheel" "$bootstrap"
  done
  PYTHONPATH="$bootstrap" "$FULL/bin/python$SERIES" "$bootstrap/pip" download --no-deps --require-hashes \
    --requirement "$TOOLS" --dest "$OUTPUT"
  rm -rf "$bootstrap"
}

main
