#!/usr/bin/env bash
# keygen.sh: makes the key that signs releases, and the public key that boxes check them with.
#
# Usage: deploy/keygen.sh PATH        (make keygen SIGN_KEY=PATH)
#   PATH   file for the private key, outside of the project; PATH.pub receives the public one. Neither may be there yet;
#          a directory that is not there is made, for its owner alone.
#
# The private key has no passphrase, so that builds need nobody: keep it where only the build can read it. To give it one:
# openssl rsa -aes256 -in PATH -out PATH.new; openssl then asks for it at each build.
# Exit codes: 0 made; 64 usage; 69 there is no openssl; 73 a write failed.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

# shellcheck source-path=SCRIPTDIR source=help.sh
. "$(dirname "${BASH_SOURCE[0]}")/help.sh"

readonly BITS=3072 # as strong as AES-128 (NIST SP 800-57)

fail() {
  printf 'error: %s\n' "$2" >&2
  exit "$1"
}

check() {
  [[ -n "${1:-}" ]] || fail 64 'say where the private key goes: make keygen SIGN_KEY=PATH'
  [[ ! -e "$1" && ! -e "$1.pub" ]] || fail 64 "$1 or $1.pub is there already; a new key needs a new path"
  command -v openssl >/dev/null || fail 69 'openssl is not installed (on Debian: sudo apt-get install openssl)'
}

main() {
  check "$@"
  umask 077
  mkdir -p "$(dirname "$1")" 2>/dev/null || fail 73 "cannot make the directory of $1"
  openssl genrsa -out "$1" "$BITS" 2>/dev/null || fail 73 "cannot write $1"
  openssl rsa -in "$1" -pubout -out "$1.pub" 2>/dev/null || fail 73 "cannot write $1.pub"
  chmod 644 "$1.pub"
  printf '==> made %s (secret) and %s\n' "$1" "$1.pub"
  printf '    sign with:          SIGN_KEY=%s make tarball VERSION=…\n' "$1"
  printf '    trust it on a box:  copy %s to BASE/state/release-key.pem there (/opt/NAME as root), mode 444\n' "$1.pub"
}

main "$@"
