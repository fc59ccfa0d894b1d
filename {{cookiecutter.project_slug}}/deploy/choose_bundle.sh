#!/usr/bin/env bash
# choose_bundle.sh: which of several bundles of a version fits the box that ship.sh is connected to.
# Sourced by ship.sh; it has no usage of its own. Needs connection.sh and its connection.

# shellcheck disable=SC2154  # found is find_bundles's
# choose_bundle: sets $bundle to the one of $found that fits. One alone is not judged here: setup.sh does that.
# Those built on the box's own system come before others that its glibc could run as well.
choose_bundle() {
  local candidate reason own=() fitting=() reasons=''
  bundle=${found[0]}
  [ ${#found[@]} -gt 1 ] || return 0
  ask_what_it_is
  for candidate in "${found[@]}"; do
    read_head "$candidate"
    reason=$(misfit)
    if [ -n "$reason" ]; then
      reasons="$reasons
    $bundle_target: $reason"
    else
      fitting+=("$candidate")
      ! is_own_system || own+=("$candidate")
    fi
  done
  [ ${#own[@]} -eq 0 ] || fitting=("${own[@]}")
  case ${#fitting[@]} in
    0) fail 78 "no bundle of this version fits the box ($box_os $box_version, $box_arch, glibc ${box_glibc:-none}):$reasons" ;;
    1) bundle=${fitting[0]} ;;
    *) fail 64 "several bundles fit the box ($box_os $box_version); choose with TARGET=: $(targets_of "${fitting[@]}")" ;;
  esac
  printf '    %s fits the box: %s %s\n' "$(targets_of "$bundle")" "$box_os" "$box_version"
}

# shellcheck disable=SC2016  # the box's shell expands these
ask_what_it_is() {
  local facts
  facts=$(remote 'value() { [ ! -f /etc/os-release ] || sed -n "s/^$1=//p" /etc/os-release | tr -cd "a-z0-9.\n" | sed -n 1p; }
    os=$(value ID) version=$(value VERSION_ID)
    if [ -f /etc/redhat-release ] && { [ -z "$os" ] || [ "$os" = centos ]; }; then
      os=centos version=$(sed -n "1s/.*release \([0-9]*\(\.[0-9]*\)\{0,1\}\).*/\1/p" /etc/redhat-release)
    fi
    echo "${os:-unknown}"; echo "${version:-unknown}"; uname -m; getconf GNU_LIBC_VERSION 2>/dev/null | sed "s/^glibc //" || true' </dev/null)
  { read -r box_os && read -r box_version && read -r box_arch && { read -r box_glibc || true; }; } <<<"$facts"
}

# read_head BUNDLE: what its BUNDLE says; parsed, never sourced.
read_head() {
  local head release
  release=$(basename "$1" .tar.gz)
  head=$(tar -xzOf "$1" "$release/BUNDLE") || fail 65 "$1 holds no BUNDLE; build it again"
  bundle_target=$(sed -n 's/^TARGET=//p' <<<"$head")
  bundle_arch=$(sed -n 's/^ARCH=//p' <<<"$head")
  bundle_floor=$(sed -n 's/^GLIBC=//p' <<<"$head")
  bundle_floor_file=$(sed -n 's/^GLIBC_FILE=//p' <<<"$head")
}

# Why the bundle cannot run on the box; nothing if it can.
misfit() {
  if [ "$bundle_arch" != "$box_arch" ]; then
    echo "is for $bundle_arch"
  elif [ -z "$box_glibc" ]; then
    echo "needs glibc"
  elif [ "$(printf '%s\n%s\n' "$bundle_floor" "$box_glibc" | sort -t . -k 1,1n -k 2,2n | sed -n 1p)" != "$bundle_floor" ]; then
    echo "needs glibc $bundle_floor, because of $bundle_floor_file"
  fi
}

# A target may name less of a version than the box does (7 and 7.4) or more; what the article calls CentOS 7.40 is 7.4.
is_own_system() {
  local system=${bundle_target%"-$bundle_arch"-*}
  local version=${system#*-}
  [ "${system%%-*}" = "$box_os" ] || return 1
  [[ ! "$box_os-$version" =~ ^centos-(7\.[0-9])0$ ]] || version=${BASH_REMATCH[1]}
  case $box_version. in "$version".*) return ;; esac
  case $version. in "$box_version".*) return ;; esac
  return 1
}

targets_of() {
  local candidate
  for candidate; do basename "$(dirname "$candidate")"; done | tr '\n' ' ' | sed 's/ $//'
}
