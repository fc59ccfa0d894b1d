#!/usr/bin/env bash
# build-python.sh: compiles CPython and installs it as a tree that can be moved.
#
# Usage: build-python.sh        (needs no network; a line that begins with "@@ " reports progress)
# Environment:
#   VERSION   CPython version, for example 3.11.2
#   SOURCE    CPython's source tarball
#   WORK      directory to compile in; about 600 MB
#   FULL      directory that receives the installed tree: bin/ include/ lib/ ...
# Exit codes: 0 done; otherwise those of tar, configure or make.
set -Eeuo pipefail

readonly PREFIX="/opt/offline-flask/python-$VERSION"
readonly BUILD="$WORK/Python-$VERSION"
# What compiled files say that they come from: __FILE__ would show the path of the build.
readonly ORIGIN=/usr/src/python
readonly PATH_MAP="-ffile-prefix-map=$BUILD=$ORIGIN"
# The dynamic linker finds vendored libraries (vendor-libraries.sh) by DT_RPATH, which, unlike DT_RUNPATH, also serves the
# libraries that those libraries need.
readonly OLD_DYNAMIC_TAGS="-Wl,--disable-new-dtags"

progress() {
  printf '@@ %s\n' "$*"
}

unpack_source() {
  progress "unpacking CPython $VERSION"
  mkdir -p "$BUILD"
  tar -x -f "$SOURCE" -C "$BUILD" --strip-components 1 --no-same-owner
  cd "$BUILD"
  # gcc takes __DATE__ from this, so that compiling twice gives the same bytes.
  SOURCE_DATE_EPOCH="$(stat -c %Y configure)"
  export SOURCE_DATE_EPOCH
}

# gcc 8 and newer can do it.
path_map_if_known() {
  if gcc "$PATH_MAP" -E -x c /dev/null >/dev/null 2>&1; then printf '%s\n' "$PATH_MAP"; fi
}

option_if_known() {
  if grep -q -e "$1" configure; then printf '%s\n' "${2:-$1}"; fi
}

configure_python() {
  progress "configuring CPython $VERSION"
  # shellcheck disable=SC2046  # each function prints one word or none
  ./configure --prefix="$PREFIX" --enable-option-checking=fatal --with-ensurepip=install \
    $(option_if_known --disable-test-modules) \
    $(option_if_known --enable-unicode --enable-unicode=ucs4) \
    CFLAGS="-g0 $(path_map_if_known)" LDFLAGS="$OLD_DYNAMIC_TAGS"
}

compile_python() {
  local jobs
  jobs="$(getconf _NPROCESSORS_ONLN)"
  progress "compiling with $jobs jobs"
  # The linker reads LD_RUN_PATH where no -rpath is given: nothing to escape, and no trace for wheels to inherit.
  # shellcheck disable=SC2016  # $ORIGIN is for the dynamic linker
  LD_RUN_PATH='$ORIGIN/../lib/vendor' make -j "$jobs" python
  # shellcheck disable=SC2016
  LD_RUN_PATH='$ORIGIN/../../vendor' make -j "$jobs"
}

install_python() {
  progress "installing"
  # shellcheck disable=SC2016
  LD_RUN_PATH='$ORIGIN/../../vendor' make install DESTDIR="$WORK/destination"
  mv "$WORK/destination$PREFIX"/* "$FULL"
}

# What the build leaves in sysconfig and python-config, wheels would inherit and bundles would show.
remove_traces_of_the_build() {
  find "$FULL" -type f \( -name '_sysconfigdata*.py' -o -name Makefile -o -name '*.pc' -o -name 'python*-config*' \) \
    -exec sed -i -e "s| *$PATH_MAP||g" -e "s| *$OLD_DYNAMIC_TAGS||g" -e "s|$BUILD|$ORIGIN|g" {} +
  find "$FULL" -name __pycache__ -type d -prune -exec rm -rf {} +
  find "$FULL" -name '*.py[co]' -type f -exec rm -f {} +
}

main() {
  unpack_source
  configure_python
  compile_python
  install_python
  remove_traces_of_the_build
}

main
