#!/usr/bin/env bash
# build-autoconf-library.sh: compiles sqlite, libffi or xz as a static library, for a Python that cannot use the system's.
#
# Usage: build-autoconf-library.sh        (needs no network; a line that begins with "@@ " reports progress)
# Environment:
#   NAME      what it is, for example libffi
#   VERSION   its version, for example 3.3
#   SOURCE    its source tarball
#   WORK      directory to compile in; about 100 MB
#   LIBRARY   empty directory that receives include/ and lib/
# Exit codes: 0 done; otherwise those of tar, configure or make.
set -Eeuo pipefail

readonly PREFIX=/opt/offline-flask/library

# Each has programs or documentation that nobody needs here.
options() {
  case "$NAME" in
    libffi) echo --disable-multi-os-directory --disable-docs ;;
    sqlite) echo --disable-readline --disable-editline ;;
    xz) echo --disable-xz --disable-xzdec --disable-lzmadec --disable-lzmainfo --disable-scripts --disable-doc --disable-nls ;;
  esac
}

main() {
  printf '@@ unpacking %s %s\n' "$NAME" "$VERSION"
  mkdir "$WORK/$NAME"
  tar -x -f "$SOURCE" -C "$WORK/$NAME" --strip-components 1 --no-same-owner
  cd "$WORK/$NAME"
  printf '@@ compiling %s %s\n' "$NAME" "$VERSION"
  # shellcheck disable=SC2046  # one option a word
  ./configure --prefix="$PREFIX" --libdir="$PREFIX/lib" --disable-shared --enable-static --with-pic $(options) CFLAGS="-O2 -g0"
  make -j "$(getconf _NPROCESSORS_ONLN)"
  make install DESTDIR="$WORK/destination"
  mkdir "$LIBRARY/lib"
  cp -Rp "$WORK/destination$PREFIX/include" "$LIBRARY/include"
  cp -p "$WORK/destination$PREFIX"/lib/lib*.a "$LIBRARY/lib"
}

main
