#!/usr/bin/env bash
# compile-stdlib.sh: writes the standard library's byte code, which the box, where releases are read-only, could not.
#
# Usage: compile-stdlib.sh
# Environment:
#   SHIPPED   tree made by trim-python.sh
#   MTIME     modification time, in seconds since 1970, that every file of a bundle has
# Exit codes: 0 done; otherwise those of the tools.
set -Eeuo pipefail

# Byte code that is never compared with its source came with 3.7 (PEP 552); older byte code holds the source's time.
main() {
  local library
  cd "$SHIPPED/lib"
  library="$(echo python[23].*)"
  set -- -q -f -d "lib/$library"
  if "$SHIPPED/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 7))'; then
    set -- "$@" --invalidation-mode unchecked-hash
  fi
  find . -exec touch -h -d "@$MTIME" {} +
  PYTHONHASHSEED=0 "$SHIPPED/bin/python" -E -s -m compileall "$@" "$library"
}

main
