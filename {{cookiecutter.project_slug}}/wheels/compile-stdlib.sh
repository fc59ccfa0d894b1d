#!/usr/bin/env bash
# compile-stdlib.sh: writes the standard library's byte code, which the box, where releases are read-only, could not.
#
# Usage: compile-stdlib.sh
# Environment:
#   SHIPPED   tree made by trim-python.sh
#   MTIME     modification time, in seconds since 1970, that every file of a bundle has
# Exit codes: 0 done; otherwise those of the tools.
set -Eeuo pipefail

# compile DIRECTORY [OPTION...]: before 3.11 the order of a frozenset's items in byte code follows the seed [bpo-37596],
# which -E would have Python ignore.
compile() {
  env -i PATH="$PATH" LC_ALL=C PYTHONHASHSEED=0 "$SHIPPED/bin/python" -s -m compileall -q -f -d "lib/$1" "${@:2}" "$1"
}

# Byte code that is never compared with its source came with 3.7 (PEP 552); older byte code holds the source's time.
main() {
  local library
  cd "$SHIPPED/lib"
  library="$(echo python[23].*)"
  set --
  if "$SHIPPED/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 7))'; then
    set -- --invalidation-mode unchecked-hash
  fi
  find . -exec touch -h -d "@$MTIME" {} +
  compile "$library" -x site-packages "$@"
  # What serves Python 2 and 3 alike has modules that only one of them can compile.
  compile "$library/site-packages" "$@" || true
}

main
