#!/usr/bin/env bash
# vendor-libraries.sh: copies the libraries that the interpreter needs, and that not every system has, to lib/vendor, and notes
# in PACKAGES there which package of the system each is from: "FILE deb|rpm PACKAGE VERSION", or "FILE unknown".
#
# Usage: vendor-libraries.sh
# Environment:
#   SHIPPED   tree made by trim-python.sh; its executables look into lib/vendor first (build-python.sh)
# Exit codes: 0 done; 70 a library is not on this system; otherwise those of the tools.
set -Eeuo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly HERE

# Prints "NAME PATH" of every library that the executable and the extension modules need, needed ones of needed ones included.
needed_libraries() {
  {
    find "$SHIPPED/bin" -type f -name 'python[23].*' -print0
    find "$SHIPPED/lib" -type f -name '*.so' -print0
  } | xargs -0 ldd |
    awk '$2 == "=>" { print $1, $3 }' | sort -u
}

is_base_library() {
  grep -q -x -F -e "${1%%.so*}" "$HERE/base-libraries.txt"
}

vendor() {
  if [ "$2" = not ]; then
    printf 'error: %s is needed, but is not on this system\n' "$1" >&2
    exit 70
  fi
  cp -L "$2" "$SHIPPED/lib/vendor/$1"
  chmod 755 "$SHIPPED/lib/vendor/$1"
  strip --strip-unneeded "$SHIPPED/lib/vendor/$1"
}

# Debian 13's libreadline8t64 has its old place below /lib diverted, which dpkg-query tells of, too.
debian_owner() {
  dpkg-query --search "$1" 2>/dev/null | sed -n '/^diversion by /!{s/: .*//p;q;}'
}

# describe_package PATH: the package that PATH is from. A system may have moved /lib to /usr/lib, and its packages not.
describe_package() {
  local path owner
  for path in "$1" "$(readlink -f "$1")" "/usr$1"; do
    if owner="$(rpm -qf --qf 'rpm %{NAME} %{VERSION}-%{RELEASE}' "$path" 2>/dev/null)"; then
      printf '%s\n' "$owner"
      return
    elif owner="$(debian_owner "$path")" && [ -n "$owner" ]; then
      dpkg-query --show --showformat='deb ${Package} ${Version}\n' "$owner"
      return
    fi
  done
  echo unknown
}

main() {
  local name path
  mkdir -p "$SHIPPED/lib/vendor"
  needed_libraries | while read -r name path; do
    is_base_library "$name" || { vendor "$name" "$path" && printf '%s %s\n' "$name" "$(describe_package "$path")"; }
  done >"$SHIPPED/lib/vendor/PACKAGES"
}

main
