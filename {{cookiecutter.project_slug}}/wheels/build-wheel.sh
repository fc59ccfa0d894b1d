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

WORK="$(mktemp -d)"
readonly WORK

set_flags() {
  # https://reproducible-builds.org/specs/source-date-epoch/
  export SOURCE_DATE_EPOCH="$MTIME"
  # Debug information and symbols would be most of a compiled wheel. CFLAGS replaces the interpreter's own in Python 2,
  # whose headers need -fno-strict-aliasing (PEP 3123).
  export CFLAGS="-g0 -fno-strict-aliasing" LDFLAGS=-Wl,--strip-all
  # __FILE__ shows where a file was compiled. gcc 8 and newer can show something else.
  local map="-ffile-prefix-map=$WORK=/usr/src/wheel"
  ! gcc "$map" -E -x c /dev/null >/dev/null 2>&1 || CFLAGS="$CFLAGS $map"
  # A ready-made interpreter remembers the compiler of another machine.
  export CC=gcc CXX=g++
}

# pip builds in directories whose names Python makes up by chance; here it counts.
count_temporary_names() {
  cat >"$WORK/sitecustomize.py" <<'PYTHON'
import itertools, tempfile
tempfile._get_candidate_names = lambda: (str(number) for number in itertools.count())
PYTHON
  export TMPDIR="$WORK" PYTHONPATH="$WORK"
}

main() {
  set_flags
  count_temporary_names
  "$FULL/bin/python$SERIES" -m pip wheel --no-index --no-deps --use-pep517 --find-links "$BUILD_REQUIREMENTS" \
    --wheel-dir "$OUTPUT" "$SOURCES/$SOURCE"
  rm -rf "$WORK"
}

main
