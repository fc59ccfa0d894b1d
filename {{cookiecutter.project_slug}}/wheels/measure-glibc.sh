#!/usr/bin/env bash
# measure-glibc.sh: notes the version of this system's glibc, such as 2.36, beside the interpreter that was compiled on it.
#
# Usage: measure-glibc.sh
# Environment:
#   FULL   tree made by build-python.sh; receives the file glibc-version
# Exit codes: 0 done; otherwise those of getconf.
set -Eeuo pipefail

main() {
  getconf GNU_LIBC_VERSION | sed -e 's/^glibc //' >"$FULL/glibc-version"
}

main
