#!/usr/bin/env bash
# install-build-deps.sh: installs the operating system's packages that compiling CPython and wheels needs.
#
# Usage: PACKAGES=FILE install-build-deps.sh        (as root; needs the network)
# Environment:
#   PACKAGES     file with one package name a line; lines that begin with # are comments
#   VAULT        see fix-repos.sh; empty where the system's own mirrors still answer
#   REPOSITORY   a repository to switch on first, such as crb; empty for none
# Exit codes: 0 installed; 69 no package manager that this script knows; otherwise the package manager's own.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE

package_names() {
  sed -e '/^#/d' -e '/^$/d' "$PACKAGES"
}

install_with_apt() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o Acquire::Retries=3 update
  package_names | xargs apt-get -o Acquire::Retries=3 install --yes --no-install-recommends
  apt-get clean
}

fix_repos() {
  if [ -n "${VAULT:-}" ]; then bash "$HERE/fix-repos.sh"; fi
}

# What is installed may have brought the old repository files back: each time they are mended again.
install_now() { # install_now yum|dnf PACKAGE...
  "$1" -y install "${@:2}"
  fix_repos
}

# With Docker's limit of 1e9 open files, yum up to CentOS 7 visits each [docker/buildx#379, moby#23137]; on overlayfs "Rpmdb checksum
# is invalid" unless its files are touched first [moby#10180].
install_with_yum() {
  ulimit -S -n 1024
  touch /var/lib/rpm/*
  fix_repos
  local releases
  releases="$(package_names | grep -e -release- || true)"
  # shellcheck disable=SC2086,SC2046  # one package a word
  if [ -n "$releases" ]; then install_now yum $releases; fi
  # shellcheck disable=SC2046
  install_now yum $(package_names | grep -v -e -release-)
  yum clean all
}

install_with_dnf() {
  fix_repos
  if [ -n "${REPOSITORY:-}" ]; then
    install_now dnf dnf-plugins-core
    dnf config-manager --set-enabled "$REPOSITORY"
  fi
  # shellcheck disable=SC2046
  install_now dnf $(package_names)
  dnf clean all
}

main() {
  if command -v apt-get >/dev/null 2>&1; then
    install_with_apt
  elif command -v dnf >/dev/null 2>&1; then
    install_with_dnf
  elif command -v yum >/dev/null 2>&1; then
    install_with_yum
  else
    printf 'error: this system has no apt-get, dnf or yum\n' >&2
    exit 69
  fi
}

main
