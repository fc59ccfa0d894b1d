#!/usr/bin/env bash
# build-openssl.sh: compiles OpenSSL as static libraries, for a Python that cannot use the system's.
#
# Usage: build-openssl.sh        (needs no network; a line that begins with "@@ " reports progress)
# Environment:
#   VERSION   OpenSSL's version, for example 1.1.1w
#   SOURCE    its source tarball
#   WORK      directory to compile in; about 150 MB
#   LIBRARY   empty directory that receives include/ and lib/
# Exit codes: 0 done; otherwise those of tar, config or make.
set -Eeuo pipefail

readonly PREFIX=/opt/offline-flask/openssl

# Where the box keeps the authorities that it trusts: Red Hat's family, and Debian's, SUSE's and most others.
certificates() {
  if [ -d /etc/pki/tls ]; then echo /etc/pki/tls; else echo /etc/ssl; fi
}

main() {
  printf '@@ unpacking OpenSSL %s\n' "$VERSION"
  mkdir "$WORK/openssl"
  tar -x -f "$SOURCE" -C "$WORK/openssl" --strip-components 1 --no-same-owner
  cd "$WORK/openssl"
  SOURCE_DATE_EPOCH="$(stat -c %Y Configure)" # util/mkbuildinf.pl takes the date of the build from it
  export SOURCE_DATE_EPOCH
  printf '@@ compiling OpenSSL %s\n' "$VERSION"
  ./config no-shared -fPIC --prefix="$PREFIX" --openssldir="$(certificates)"
  # One job: the Makefile of 1.0.2 does not name all dependencies.
  case "$VERSION" in 1.0.*) make ;; *) make -j "$(getconf _NPROCESSORS_ONLN)" build_libs ;; esac
  case "$VERSION" in 1.0.*) make install_sw INSTALL_PREFIX="$WORK/destination" ;; *) make install_dev DESTDIR="$WORK/destination" ;; esac
  mkdir "$LIBRARY/lib"
  cp -Rp "$WORK/destination$PREFIX/include" "$LIBRARY/include"
  cp -p "$WORK/destination$PREFIX"/lib*/lib*.a "$LIBRARY/lib"
}

main
