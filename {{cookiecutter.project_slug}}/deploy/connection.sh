#!/usr/bin/env bash
# connection.sh: what ship.sh, verify.sh and remote.sh share: messages, the bundle to use, and one ssh connection to a box.
# Sourced; it has no usage of its own. Needs $here, the directory of the script that sources it.

# shellcheck disable=SC2154  # $here is the sourcing script's
dist=$here/../dist
# In an installed kit (kit.sh) a release is read-only, and what outlives it is a link of it.
[ ! -f "$here/../../BUNDLE" ] || dist=$here/../../instance

step() { [ -n "${QUIET:-}" ] || printf '==> %s\n' "$*"; }

# fail STATUS MESSAGE
fail() {
  printf 'error: %s\n' "$2" >&2
  exit "$1"
}

# usage MESSAGE: the header of the script is its help.
usage() {
  sed -n '/^# Usage:/,/^# Exit/s/^# \{0,1\}//p' "$0" | sed '$d' >&2
  fail 64 "$1"
}

# Some shell may export APP_NAME for something else: that is not silent.
[ -z "${APP_NAME:-}" ] || [ -n "${QUIET:-}" ] || printf '    APP_NAME=%s, from the environment\n' "$APP_NAME" >&2

# The name of the application: APP_NAME of the environment, else of config.env, which is parsed and never run.
app_name() {
  local name=${APP_NAME:-} place='the environment' line
  if [ -z "$name" ]; then
    line=$(grep -n "^[[:space:]]*APP_NAME=" "$here/../config.env" | tail -n 1) || true
    place="config.env${line:+, line ${line%%:*}}"
    name=$(sed -n "s/^[^']*'\(.*\)'[[:space:]]*\$/\1/p" <<<"$line")
  fi
  [[ "$name" =~ ^[a-z][a-z0-9_-]{0,31}$ ]] || fail 78 "$place: APP_NAME is '$name'; wanted: a lower-case letter, then up to 31 of a-z 0-9 _ -"
  printf '%s\n' "$name"
}

check_host() {
  [[ "$1" =~ ^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9_.-]*$ ]] ||
    fail 64 "HOST '$1' is not [user@]box; a port or a key goes into your ssh configuration"
}

# find_bundles VERSION: sets $found to the tarballs of that version; TARGET narrows the search.
find_bundles() {
  found=()
  [[ "$1" =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] || fail 64 "VERSION '$1' is not a version"
  local candidate name
  name=$(app_name)
  # shellcheck disable=SC2231  # TARGET may be a pattern
  for candidate in "$dist"/${TARGET:-*}/"$name-v$1".tar.gz; do
    [ ! -f "$candidate" ] || found+=("$candidate")
  done
  [ ${#found[@]} -gt 0 ] ||
    fail 69 "there is no bundle of version $1 in dist/${TARGET:-}; make it first: make tarball VERSION=$1"
}

# shellcheck disable=SC2034  # bundle is for the sourcing script
# find_bundle VERSION: sets $bundle, the one tarball of that version; TARGET chooses where there are several.
find_bundle() {
  find_bundles "$1"
  local candidate
  bundle=${found[0]}
  [ ${#found[@]} -eq 1 ] ||
    fail 64 "several targets have version $1; choose with TARGET=: $(for candidate in "${found[@]}"; do basename "$(dirname "$candidate")"; done | tr '\n' ' ')"
}

# connect HOST: opens the connection that remote uses.
connect() {
  connection_host=$1
  prepare_connections
  if ! open_connection "$1" "$connection/log"; then
    local reason
    reason=$(tail -n 1 "$connection/log" | tr -d '\r' | sed 's/\.$//')
    disconnect
    fail 69 "cannot reach $connection_host: ${reason:-ssh gave no reason}$(host_key_hint "$reason")"
  fi
}

# host_key_hint REASON: what to do about a box that ssh does not know.
host_key_hint() {
  [[ "$1" != *"Host key verification failed"* ]] ||
    printf '%s' "; log in once with ssh, and compare the fingerprint that it shows with the box's own"
}

# Where the control sockets lie; their path must be short (104 bytes).
prepare_connections() {
  connection=$(mktemp -d /tmp/connection.XXXXXX)
  ssh_options=(-o "ControlPath=$connection/%C" -o ForwardAgent=no -o StrictHostKeyChecking=yes)
  [ -z "${SSH_CONFIG:-}" ] || ssh_options+=(-F "$SSH_CONFIG")
}

# open_connection HOST LOG [SSH OPTION...]
open_connection() {
  ssh "${ssh_options[@]}" -o ControlMaster=yes -o ControlPersist=60 -o ConnectTimeout=10 "${@:3}" -N -f "$1" 2>"$2"
}

# remote [SSH OPTION] COMMAND
# shellcheck disable=SC2029  # COMMAND is for the box's shell
remote() { ssh "${ssh_options[@]}" "${@:1:$#-1}" "$connection_host" "${@:$#}"; }

disconnect() {
  ssh "${ssh_options[@]}" -O exit "$connection_host" 2>/dev/null || true
  rm -rf "$connection"
}
