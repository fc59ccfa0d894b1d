#!/usr/bin/env bash
# collect-libraries.sh: copies the libraries that the wheels of a directory are linked with, as this system's linker finds them.
#
# Usage: collect-libraries.sh        (needs no network)
# Environment:
#   FULL     interpreter made by build-python.sh
#   SERIES   its X.Y
#   WHEELS   directory of wheels
#   WORK     directory to unpack them in
#   OUTPUT   directory that receives the libraries, without symbols
# Exit codes: 0 done; 70 a library is not on this system; otherwise those of the tools.
set -Eeuo pipefail

# Prints "NAME PATH", or "NAME not", of every library that they need, needed ones of needed ones included.
needed_libraries() {
  # ldd fails for what is linked with nothing.
  find "$WORK" -type f -name '*.so*' -exec sh -c 'ldd "$1" 2>/dev/null || true' sh {} ';' |
    awk '$2 == "=>" { print $1, $3 }' | sort -u
}

copy() {
  case $2 in
    "$WORK"/*) ;; # the wheel's own
    not)
      printf 'error: %s is needed, but is not on this system; name its package in project/build-packages.txt\n' "$1" >&2
      exit 70
      ;;
    *)
      cp -L "$2" "$OUTPUT/$1"
      chmod 755 "$OUTPUT/$1"
      strip --strip-unneeded "$OUTPUT/$1"
      ;;
  esac
}

main() {
  local wheel name path
  for wheel in "$WHEELS"/*.whl; do
    "$FULL/bin/python$SERIES" -m zipfile -e "$wheel" "$WORK"
  done
  needed_libraries | while read -r name path; do
    copy "$name" "$path"
  done
}

main
