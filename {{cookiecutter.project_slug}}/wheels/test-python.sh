#!/usr/bin/env bash
# test-python.sh: moves a copy of the interpreter elsewhere and imports the whole standard library there.
#
# Usage: test-python.sh
# Environment:
#   SHIPPED   tree made by the other scripts
#   WORK      directory for the copy
#   ABSENT    names of modules that this system cannot have, with spaces between; may be empty
# Exit codes: 0 everything imports; 1 something is missing; otherwise those of the tools.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE

main() {
  rm -rf "${WORK:?}/moved elsewhere"
  cp -Rp "$SHIPPED" "$WORK/moved elsewhere"
  env -i ABSENT="${ABSENT:-}" "$WORK/moved elsewhere/bin/python" -B "$HERE/check_stdlib.py" "$HERE/base-libraries.txt"
  env -i "$WORK/moved elsewhere/bin/python" -B -m pip --version
  rm -rf "${WORK:?}/moved elsewhere"
}

main
