#!/usr/bin/env bash
# build-wheel.sh: makes a wheel of one source distribution, in an environment of its own with nothing but what it was locked with.
#
# Usage: build-wheel.sh        (needs no network)
# Environment:
#   FULL                 interpreter made by build-python.sh
#   SERIES               its X.Y
#   SOURCES              directory with the source distribution
#   SOURCE               its file name
#   BUILD_REQUIREMENTS   directory with the wheels that building it needs
#   OUTPUT               directory that receives the wheel
#   MTIME                modification time, in seconds since 1970, of what is in the wheel
# Exit codes: 0 done; otherwise pip's.
set -Eeuo pipefail

main() {
  # https://reproducible-builds.org/specs/source-date-epoch/
  export SOURCE_DATE_EPOCH="$MTIME"
  # Debug information and symbols would be most of a compiled wheel. CFLAGS replaces the interpreter's own in Python 2,
  # whose headers need -fno-strict-aliasing (PEP 3123).
  export CFLAGS="-g0 -fno-strict-aliasing" LDFLAGS=-Wl,--strip-all
  # A ready-made interpreter remembers the compiler of another machine.
  export CC=gcc CXX=g++
  "$FULL/bin/python$SERIES" -m pip wheel --no-index --no-deps --use-pep517 --find-links "$BUILD_REQUIREMENTS" \
    --wheel-dir "$OUTPUT" "$SOURCES/$SOURCE"
}

main
