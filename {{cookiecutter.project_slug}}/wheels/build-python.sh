#!/usr/bin/env bash
# build-python.sh: compiles CPython and installs it as a tree that can be moved.
#
# Usage: build-python.sh        (needs no network; a line that begins with "@@ " reports progress)
# Environment:
#   VERSION   CPython version, for example 3.11.2
#   SOURCE    CPython's source tarball
#   WORK      directory to compile in; about 600 MB
#   FULL      directory that receives the installed tree: bin/ include/ lib/ ..., without pip (install-tools.sh)
#   MORE_CFLAGS   more options for the compiler, such as -std=gnu11; may be empty
#   LIBRARY_NAME  for any NAME: a directory made by build-openssl.sh or build-autoconf-library.sh, used instead of the system's
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
# Static libraries, all in one place. Hidden, because an extension module of the app may bring its own OpenSSL.
readonly LIBRARIES="$WORK/libraries"
readonly HIDE_LIBRARIES="-Wl,--exclude-libs,libssl.a:libcrypto.a:libffi.a:libsqlite3.a:liblzma.a"

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

collect_libraries() {
  local name
  mkdir -p "$LIBRARIES"
  for name in "${!LIBRARY_@}"; do cp -Rp "${!name}"/* "$LIBRARIES"; done
}

# 2.7 takes the version from the first opensslv.h that it finds, which would be the system's.
prefer_own_openssl_header() {
  [ -n "${LIBRARY_OPENSSL:-}" ] || return 0
  sed -i -e "s|^ *inc_dirs + search_for_ssl_incs_in)\$|['$LIBRARIES/include'] + inc_dirs + search_for_ssl_incs_in)|" setup.py
}

# Newer Pythons ask for the place of OpenSSL; older ones look where the compiler looks.
openssl_option() {
  if [ -n "${LIBRARY_OPENSSL:-}" ]; then option_if_known --with-openssl "--with-openssl=$LIBRARIES"; fi
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
  ./configure --prefix="$PREFIX" --enable-option-checking=fatal --with-ensurepip=no \
    $(option_if_known --disable-test-modules) \
    $(option_if_known --enable-unicode --enable-unicode=ucs4) \
    $(openssl_option) \
    CFLAGS="-g0 ${MORE_CFLAGS:-} $(path_map_if_known)" CPPFLAGS="-I$LIBRARIES/include" \
    LDFLAGS="$OLD_DYNAMIC_TAGS -L$LIBRARIES/lib $HIDE_LIBRARIES"
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
    -exec sed -i -e "s| *$PATH_MAP||g" -e "s| *$OLD_DYNAMIC_TAGS||g" -e "s| *$HIDE_LIBRARIES||g" -e "s| *-[IL]$LIBRARIES/[a-z]*||g" \
    -e "s| *'--with-openssl=$LIBRARIES'||g" -e "s|$LIBRARIES|$ORIGIN|g" -e "s|$BUILD|$ORIGIN|g" {} +
  find "$FULL" -name __pycache__ -type d -prune -exec rm -rf {} +
  find "$FULL" -name '*.py[co]' -type f -exec rm -f {} +
}

main() {
  unpack_source
  collect_libraries
  prefer_own_openssl_header
  configure_python
  compile_python
  install_python
  remove_traces_of_the_build
}

main
