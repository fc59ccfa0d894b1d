#!/usr/bin/env bash
# lock-build-requirements.sh: resolves what building each source distribution needs into exact versions with hashes.
#
# Usage: lock-build-requirements.sh        (needs the network; pip's own PIP_* variables are honoured)
# Environment:
#   FULL         interpreter made by build-python.sh
#   SERIES       its X.Y
#   SOURCES      directory of source distributions
#   LOCK_TOOLS   requirements file with the pip-tools to use
#   WORK         directory to work in
#   OUTPUT       directory that receives NAME.txt for the source distribution NAME
# Exit codes: 0 done; otherwise those of pip, pip-tools and list_build_requirements.py.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE

# resolve PINS: what $WORK/requirements.in wants. Only wheels: what builds a package is not built itself.
resolve() {
  PYTHONPATH="$WORK/tools" "$FULL/bin/python$SERIES" -m piptools compile --quiet --generate-hashes --allow-unsafe \
    --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --pip-args "--only-binary :all:" --output-file "$1" "$WORK/requirements.in"
}

# unpack ARCHIVE DIRECTORY
unpack() {
  mkdir "$2"
  case $1 in
    *.zip) "$FULL/bin/python$SERIES" -m zipfile -e "$1" "$2" ;;
    *) tar -xf "$1" -C "$2" --no-same-owner ;;
  esac
}

# ask_backend PINS: in an environment with what pyproject.toml states, as pip does when it builds.
ask_backend() {
  "$FULL/bin/python$SERIES" -m pip install --quiet --target "$WORK/environment" --no-deps --only-binary :all: \
    --require-hashes --requirement "$1"
  PATH="$WORK/environment/bin:$PATH" PYTHONPATH="$WORK/environment" "$FULL/bin/python$SERIES" \
    "$HERE/list_build_requirements.py" asked "$WORK/source" "$WORK/asked.in"
}

# lock_one SOURCE
lock_one() {
  local pins
  pins="$OUTPUT/$(basename "$1").txt"
  echo "@@ what building ${1##*/} needs"
  unpack "$1" "$WORK/source"
  "$FULL/bin/python$SERIES" "$HERE/list_build_requirements.py" stated "$WORK/source" "$WORK/requirements.in"
  resolve "$pins"
  ask_backend "$pins"
  if [ -s "$WORK/asked.in" ]; then
    cat "$WORK/asked.in" >>"$WORK/requirements.in"
    resolve "$pins"
  fi
  rm -rf "$WORK/source" "$WORK/environment"
}

main() {
  local source
  "$FULL/bin/python$SERIES" -m pip install --quiet --target "$WORK/tools" --requirement "$LOCK_TOOLS"
  # One by one: two packages may want different versions of the same tool.
  for source in "$SOURCES"/*; do
    case $source in *.whl) ;; *) lock_one "$source" ;; esac
  done
}

main
