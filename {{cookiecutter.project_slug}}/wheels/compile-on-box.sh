#!/usr/bin/env bash
# compile-on-box.sh: compiles on the box the interpreter of a bundle that brings its source, with the scripts of the build host.
#
# Usage: compile-on-box.sh WORK LOCAL PARENT        (needs no network; setup.sh calls it)
#   WORK     empty directory to compile in; about 350 MB
#   LOCAL    directory, not there yet, that receives the interpreter and SHA256SUMS, the list of its files
#   PARENT   process id of the caller: if that is killed, this ends too
# Beside it lie the sources and `recipe`, KEY=value lines: VERSION, LIBRARIES (name=version, with spaces between), MORE_CFLAGS,
# COMPILER_PATH, ABSENT and MTIME, as build-python.sh, compile-stdlib.sh and check_stdlib.py explain them.
# Progress goes to stdout, all else to WORK/log.
# Exit codes: 0 done; 70 compiling failed, WORK/log says how.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE

recipe() { sed -n "s/^$1=//p" "$HERE/recipe"; }

# run SCRIPT VARIABLE=value…
run() {
  local script="$1"
  shift
  env "$@" bash "$HERE/$script" 2>&1 | while IFS= read -r line; do
    printf '%s\n' "$line" >>"$WORK/log"
    case "$line" in '@@ '*) printf '    %s\n' "${line#@@ }" ;; esac
  done
}

end_with_parent() { # end_with_parent PARENT
  while kill -0 "$1" 2>/dev/null; do sleep 1; done
  kill -KILL 0
}

source_of() { # source_of NAME-VERSION
  local found=("$HERE/$1".*)
  printf '%s\n' "${found[0]}"
}

# Sets `libraries` to the variables that tell build-python.sh where they are.
build_libraries() {
  local item name script
  libraries=()
  for item in $(recipe LIBRARIES); do
    name="${item%%=*}" script=build-autoconf-library.sh
    [ "$name" != openssl ] || script=build-openssl.sh
    mkdir "$WORK/$name-built" "$WORK/$name-work"
    run "$script" "NAME=$name" "VERSION=${item#*=}" "SOURCE=$(source_of "$name-${item#*=}")" \
      "WORK=$WORK/$name-work" "LIBRARY=$WORK/$name-built"
    rm -rf "${WORK:?}/$name-work"
    libraries+=("LIBRARY_$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]')=$WORK/$name-built")
  done
}

build_python() {
  mkdir "$WORK/full" "$WORK/python"
  run build-python.sh "VERSION=$VERSION" "SOURCE=$(source_of "Python-$VERSION")" "MORE_CFLAGS=$(recipe MORE_CFLAGS)" \
    "WORK=$WORK/python" "FULL=$WORK/full" ${libraries[@]+"${libraries[@]}"}
}

finish_python() {
  printf '    importing every module\n'
  mkdir "$LOCAL"
  run trim-python.sh "FULL=$WORK/full" "SHIPPED=$LOCAL"
  run compile-stdlib.sh "SHIPPED=$LOCAL" "MTIME=$(recipe MTIME)"
  ABSENT="$(recipe ABSENT)" "$LOCAL/bin/python" -E -s -B -c '
import sys
sys.path.insert(0, sys.argv[1])
import check_stdlib
sys.exit("\n".join(check_stdlib.import_failures(check_stdlib.required_modules())) or None)' "$HERE" >>"$WORK/log" 2>&1
}

list_files() {
  cd "$LOCAL"
  find . -type f -exec chmod a-w {} +
  find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >"$WORK/SHA256SUMS"
  mv "$WORK/SHA256SUMS" SHA256SUMS
  chmod 444 SHA256SUMS
}

main() {
  WORK="$1" LOCAL="$2" VERSION="$(recipe VERSION)"
  end_with_parent "$3" >/dev/null 2>&1 9>&- & # without the lock that setup holds
  watcher=$!
  trap 'kill "$watcher" 2>/dev/null || true' EXIT
  trap 'exit 70' ERR
  PATH="$(recipe COMPILER_PATH)${PATH:+:$PATH}"
  PATH="${PATH#:}"
  export PATH
  build_libraries
  build_python
  finish_python
  list_files
}

main "$@"
