#!/usr/bin/env bash
# choose_delta.sh: whether a delta will do for the box that ship.sh is connected to, so that less is uploaded.
# Sourced by ship.sh; it has no usage of its own. Needs connection.sh and its connection.

# shellcheck disable=SC2154  # bundle, mode, username and version are ship.sh's
# choose_delta: sets $artefact to the smallest delta of $bundle whose base the box has, else to $bundle.
choose_delta() {
  local candidate name smallest=''
  artefact=$bundle
  [ "${DELTA:-yes}" != no ] || return 0
  for candidate in "${bundle%.tar.gz}"-since-*.delta; do
    [ -f "$candidate" ] && { [ -z "$smallest" ] || [ "$(size_of "$candidate")" -lt "$smallest" ]; } || continue
    read_delta "$candidate"
    if is_of_this_bundle && box_has_its_base; then
      artefact=$candidate smallest=$(size_of "$candidate")
    fi
  done
  [ "$artefact" = "$bundle" ] || printf '    %s will do: the box has what it leaves out\n' "$(basename "$artefact")"
}

size_of() { wc -c <"$1" | tr -d ' '; }

# read_delta DELTA: what its DELTA/BASE says; parsed, never sourced.
read_delta() {
  local base
  base=$(tar -xzOf "$1" "$(basename "$bundle" .tar.gz)/DELTA/BASE") || fail 65 "$1 names no base release; build it again"
  delta_since=$(sed -n 's/^VERSION=//p' <<<"$base")
  delta_base=$(sed -n 's/^BASE_SHA256SUMS=//p' <<<"$base")
  delta_sums=$(sed -n 's/^SHA256SUMS=//p' <<<"$base")
  [[ "$delta_since" =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] || fail 65 "$1 names no base release; build it again"
}

# A bundle that was copied to dist/ by hand may have come without the delta that lies there.
is_of_this_bundle() { grep -q "^$delta_sums  " "$bundle.sha256"; }

# shellcheck disable=SC2016  # the box's shell expands it
box_has_its_base() {
  local base name
  name=$(basename "$bundle" "-v$version.tar.gz")
  base='$HOME'
  [ "$mode" = user ] || base=/opt/$name
  [ "$(remote "cd $base && [ -f state/complete/$delta_since ] && sha256sum <$name-v$delta_since/SHA256SUMS" </dev/null 2>/dev/null)" = "$delta_base  -" ]
}
