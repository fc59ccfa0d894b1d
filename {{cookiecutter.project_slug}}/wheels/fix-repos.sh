#!/usr/bin/env bash
# fix-repos.sh: points yum or dnf of a CentOS whose mirrors are gone at the archive that still has its packages.
#
# Usage: VAULT=URL fix-repos.sh        (as root; again after each update, and after each *-release package: they put back the old files)
# Environment:
#   VAULT   what takes the place of http://mirror.centos.org/centos/$releasever in every baseurl, such as https://vault.centos.org/7.4.1708
#   ROOT    default /: the directory that has etc/
# Exit codes: 0 done, or done before; otherwise those of the tools.
set -Eeuo pipefail

readonly ETC="${ROOT:-}/etc"
# Both spellings: 8 has $contentdir where the others have centos; the software collections of 6 have 6 where others have $releasever.
# shellcheck disable=SC2016  # yum's variables, not the shell's
readonly MIRROR='https*://mirror\.centos\.org/\(centos\|\$contentdir\)/\(\$releasever\|[0-9.]*\)/'

mend_repositories() {
  local file
  for file in "$ETC"/yum.repos.d/*.repo; do
    sed -i -e 's|^mirrorlist=|#mirrorlist=|' \
      -e "s,^#* *baseurl=$MIRROR,baseurl=$VAULT/," \
      -e 's|^gpgkey=http://mirror\.centos\.org/centos/RPM|gpgkey=file:///etc/pki/rpm-gpg/RPM|' "$file"
  done
}

# The plugin of CentOS 5 to 7 asks for lists of mirrors that nobody serves any more.
switch_off_fastestmirror() {
  local file="$ETC/yum/pluginconf.d/fastestmirror.conf"
  if [ -e "$file" ]; then sed -i -e 's|^enabled=.*|enabled=0|' "$file"; fi
}

# CentOS 5 would install the 32 bit twin of every library as well (pypa/manylinux); the others have this by default.
prefer_one_architecture() {
  local file="$ETC/yum.conf"
  if [ -e "$file" ] && ! grep -q '^multilib_policy=' "$file"; then
    sed -i -e 's|^\[main\]$|[main]\nmultilib_policy=best|' "$file"
  fi
}

main() {
  rm -f "$ETC/yum.repos.d/libselinux.repo" # broken, in the image centos:5
  mend_repositories
  switch_off_fastestmirror
  prefer_one_architecture
}

main
