#!/usr/bin/env bash
# hosts.sh: which boxes a script is for. Sourced after connection.sh; it has no usage of its own.
#
# HOST is [user@]box, or several with commas between. Where HOST is empty, INVENTORY names a file with one [user@]box a
# line; empty lines and what follows a # do not count.

# shellcheck disable=SC2034  # hosts is for the sourcing script
# read_hosts HOST: sets the array $hosts; none is in it twice.
read_hosts() {
  local one listed='' words
  hosts=()
  [[ "$1" != *$'\n'* ]] || check_host "$1"
  words=${1//,/$'\n'}
  if [ -z "$words" ] && [ -n "${INVENTORY:-}" ]; then
    [ -r "$INVENTORY" ] || fail 64 "there is no file INVENTORY=$INVENTORY"
    words=$(sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e 's/^[[:space:]]*//' "$INVENTORY")
    [ -n "${words//$'\n'/}" ] || fail 64 "INVENTORY=$INVENTORY names no box"
  fi
  while IFS= read -r one; do
    [ -n "$one" ] || continue
    check_host "$one"
    [[ "$listed" == *",$one,"* ]] || hosts+=("$one")
    listed="$listed,$one,"
  done <<<"$words"
}
