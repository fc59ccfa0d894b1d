#!/usr/bin/env bash
# make-lock.sh: resolves what the app wants with the target's own interpreter into exact versions with hashes.
#
# Usage: make-lock.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL         interpreter made by build-python.sh
#   SERIES       its X.Y
#   PROJECT      the app's directory, which packages of its own lie below
#   WANTED       the requirements file, relative to PROJECT
#   LOCK_TOOLS   requirements file with the pip-tools to use
#   OUTPUT       directory that receives lock.txt; versions in a lock.txt that is there already are kept where they fit
# Exit codes: 0 done; otherwise those of pip and pip-tools.
set -Eeuo pipefail

# click, which pip-tools uses, refuses to run in an ASCII locale with Python 3.6; newer ones take UTF-8 there (PEP 538).
use_utf8() {
  local name
  name="$(locale -a 2>/dev/null | grep -i -m 1 'utf-*8$' || true)"
  [ -z "$name" ] || export LC_ALL="$name"
}

# compile_lock REQUIREMENTS…
compile_lock() {
  PYTHONPATH="$OUTPUT/tools" "$FULL/bin/python$SERIES" -m piptools compile --quiet --generate-hashes --allow-unsafe \
    --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --output-file "$OUTPUT/lock.txt" "$@"
}

# gunicorn before 20 imports pkg_resources and does not say so; setuptools brings it, up to 81.
lacks_setuptools() {
  grep -q '^gunicorn==1[0-9]\.' "$OUTPUT/lock.txt" && ! grep -q '^setuptools==' "$OUTPUT/lock.txt"
}

# A package of the project's own is built where it lies, and PROJECT cannot be written to.
copy_project() {
  mkdir "$OUTPUT/project"
  tar -c -C "$PROJECT" --exclude ./venv --exclude ./instance --exclude .git . | tar -x -C "$OUTPUT/project"
}

# add NAME WHY: one more thing that is wanted.
add() {
  echo "@@ $1 is added: $2"
  echo "$1" >"$OUTPUT/${1%%[<=>]*}.in"
  inputs+=("$OUTPUT/${1%%[<=>]*}.in")
  compile_lock "${inputs[@]}"
}

main() {
  use_utf8
  "$FULL/bin/python$SERIES" -m pip install --quiet --target "$OUTPUT/tools" --requirement "$LOCK_TOOLS"
  copy_project
  cd "$OUTPUT/project"
  inputs=("$WANTED")
  compile_lock "${inputs[@]}"
  grep -Eq '^gunicorn(\[|==)' "$OUTPUT/lock.txt" || add gunicorn "it serves the app"
  ! lacks_setuptools || add 'setuptools<81' "gunicorn 19 needs it"
}

main
