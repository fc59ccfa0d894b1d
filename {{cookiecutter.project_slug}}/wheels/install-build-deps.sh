#!/usr/bin/env bash
# install-build-deps.sh: installs the operating system's packages that compiling CPython and wheels needs.
#
# Usage: PACKAGES=FILE install-build-deps.sh        (as root; needs the network)
# Environment:
#   PACKAGES   file with one package name a line; lines that begin with # are comments
# Exit codes: 0 installed; 69 no package manager that this script knows; otherwise the package manager's own.
set -Eeuo pipefail

package_names() {
  sed -e '/^#/d' -e '/^$/d' "$PACKAGES"
}

install_with_apt() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o Acquire::Retries=3 update
  package_names | xargs apt-get -o Acquire::Retries=3 install --yes --no-install-recommends
  apt-get clean
}

main() {
  if command -v apt-get >/dev/null 2>&1; then
    install_with_apt
  else
    printf 'error: this system has no apt-get\n' >&2
    exit 69
  fi
}

main
