#!/usr/bin/env bash
# install-tools.sh: installs what fetch-tools.sh downloaded into a compiled CPython, pip by pip itself.
#
# Usage: install-tools.sh        (needs no network)
# Environment:
#   FULL     interpreter made by build-python.sh, without pip
#   SERIES   its X.Y
#   TOOLS    requirements file with exact versions and hashes
#   FILES    directory written by fetch-tools.sh
# Exit codes: 0 done; otherwise pip's.
set -Eeuo pipefail

# --ignore-installed: the pip that runs sees itself and would not install itself again.
# Two lists: pip, setuptools and wheel first, since scandir, which virtualenv needs on 2.7, is a source that they build.
main() {
  local bootstrap list
  # Debug information tells in which directory scandir was compiled; its hash stays where it is stripped. As in build-wheel.sh.
  export CFLAGS="-g0 -fno-strict-aliasing"
  bootstrap="$(mktemp -d)"
  "$FULL/bin/python$SERIES" -m zipfile -e "$FILES"/pip-*.whl "$bootstrap"
  sed -e '/^# more$/,$d' "$TOOLS" >"$bootstrap/basic.txt"
  sed -e '1,/^# more$/d' "$TOOLS" >"$bootstrap/more.txt"
  for list in basic more; do
    if [ -s "$bootstrap/$list.txt" ]; then
      "$FULL/bin/python$SERIES" "$bootstrap/pip" install --ignore-installed --no-index --no-deps --require-hashes \
        --no-warn-script-location --find-links "$FILES" --requirement "$bootstrap/$list.txt"
    fi
  done
  rm -rf "$bootstrap"
}

main
