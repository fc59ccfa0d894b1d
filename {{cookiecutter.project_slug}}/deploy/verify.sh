#!/usr/bin/env bash
# verify.sh: check that boxes serve exactly what a bundle holds; nothing on them is changed.
#
# Usage: verify.sh HOST[,HOST…] [VERSION]
#        INVENTORY=FILE verify.sh '' [VERSION]
#
#   HOST       [user@]box, as ssh knows it, or `local` for this machine. Log in as root, as a user with
#              passwordless sudo, or (user mode) as the account that the application runs as
#   VERSION    the version that they should serve; default: that of the bundle built last
#
# The expected values come from the bundle in dist/. Where only its .tar.gz.sha256 is there (or SIDECAR), that anchors
# the lists that the box itself has. Without either the run is UNANCHORED: the box is compared with its own lists, and
# the exit code is 1. A box needs no Python of its own. Several boxes are checked side by side.
#
# The report, as HTML for people and as JUnit XML for programs, goes to dist/reports/.
#
# Environment:
#   TARGET      which directory of dist/ to take the bundle from, where several have this version
#   SIDECAR     a .tar.gz.sha256 of your own keeping, instead of what lies in dist/
#   RELEASE_KEY the public key that must have signed the .sha256 (make keygen)
#   INVENTORY   a file with one HOST a line, instead of HOST; empty lines and # comments do not count
#   REPORT      a directory for the report, instead of dist/reports
#   SSH_CONFIG  an ssh configuration to use instead of your own
#
# Exit codes: 0 everything was checked and is as it should be; 1 something is red, or nothing was checked;
#   64 usage; 65 the bundle is damaged; 69 no bundle, or the one box cannot be reached; 70 internal; 73 no report.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

here=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$here/help.sh"
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"
# shellcheck source-path=SCRIPTDIR source=hosts.sh
. "$here/hosts.sh"
# shellcheck source-path=SCRIPTDIR source=reports.sh
. "$here/reports.sh"
tests=$here/../tests

main() {
  check_arguments "$@"
  choose_anchor
  local where=${hosts[0]#*@}
  [ ${#hosts[@]} -eq 1 ] || where=${#hosts[@]}-boxes
  choose_report "verify-$subject-$where"
  step "Verifying $subject on ${hosts[*]}"
  choose_connections
  run_checks
}

check_arguments() {
  [ $# -ge 1 ] && [ $# -le 2 ] || usage "give HOST: make verify HOST=user@box"
  version=${2:-}
  read_hosts "$1"
  [ ${#hosts[@]} -gt 0 ] || usage "give HOST: make verify HOST=user@box"
  [[ "$version" =~ ^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$ ]] || fail 64 "VERSION '$version' is not a version"
  name=$(app_name)
}

# The bundle is the best anchor, as nothing of the box need be believed then.
choose_anchor() {
  local sidecar=${SIDECAR:-}
  if [ -z "$sidecar" ]; then
    [ -n "$version" ] || version=$(newest_version)
    [ -z "$version" ] || sidecar=$(sidecar_in_dist)
  fi
  if [ -z "$sidecar" ]; then
    [ -z "${TARGET:-}" ] || fail 69 "there is no bundle in dist/$TARGET; make one first: make tarball VERSION=…"
    printf 'warning: %s\n' "UNANCHORED: dist/ has neither the bundle nor its .sha256" >&2
    anchor=(--app="$name" --app-version="$version") subject=$name${version:+-v$version}
  else
    take_sidecar "$sidecar"
  fi
}

newest_version() {
  local suffix newest
  for suffix in .tar.gz .tar.gz.sha256; do
    # shellcheck disable=SC2012,SC2086  # the names hold no space; TARGET may be a pattern, as in find_bundle
    newest=$(ls -t "$dist"/${TARGET:-*}/"$name-v"*$suffix 2>/dev/null | sed -n 1p)
    [ -z "$newest" ] || break
  done
  newest=$(basename "$newest" "$suffix")
  echo "${newest#"$name-v"}"
}

# Of this version; with the bundle beside it, that is used.
sidecar_in_dist() {
  local candidate
  # shellcheck disable=SC2231  # TARGET may be a pattern
  for candidate in "$dist"/${TARGET:-*}/"$name-v$version".tar.gz; do
    [ ! -f "$candidate" ] || { find_bundle "$version" && echo "$bundle.sha256" && return; }
  done
  # shellcheck disable=SC2231
  for candidate in "$dist"/${TARGET:-*}/"$name-v$version".tar.gz.sha256; do
    [ ! -f "$candidate" ] || { echo "$candidate" && return; }
  done
}

take_sidecar() {
  subject=$(basename "$1" .tar.gz.sha256)
  [[ "$subject" == "$name-v"* && "$1" == *.tar.gz.sha256 ]] || fail 64 "'$1' is not named $name-vVERSION.tar.gz.sha256"
  [ -z "$version" ] || [ "$subject" = "$name-v$version" ] || fail 64 "SIDECAR is of $subject, VERSION is $version"
  if [ -f "${1%.sha256}" ]; then
    anchor=(--bundle="$(absolute "${1%.sha256}")")
  else
    anchor=(--app="$name" --sidecar="$(absolute "$1")")
  fi
  [ -z "${RELEASE_KEY:-}" ] || anchor+=(--key="$(absolute "$RELEASE_KEY")")
}

choose_connections() {
  if [ "${hosts[*]}" = local ]; then
    connection_options=(--hosts=local://)
    return
  fi
  if [ ${#hosts[@]} -eq 1 ]; then connect "${hosts[0]}"; else connect_all; fi
  trap disconnect_all EXIT
  write_ssh_config
  local list
  list=$(printf ',ssh://%s' "${hosts[@]}")
  connection_options=(--hosts="${list#,}" --ssh-config="$connection/ssh_config")
}

# Whom this does not reach is one red box among the others.
connect_all() {
  local one
  prepare_connections
  for one in "${hosts[@]}"; do open_connection "$one" /dev/null -o BatchMode=yes & done
  wait
}

# shellcheck disable=SC2329  # on exit
disconnect_all() {
  local one
  for one in "${hosts[@]}"; do
    ssh "${ssh_options[@]}" -O exit "$one" 2>/dev/null || true
  done
  rm -rf "$connection"
}

# testinfra takes ssh's options from a configuration only. The first value that ssh finds counts.
write_ssh_config() {
  {
    printf '%s\n' "Host *" "  ControlPath $connection/%C" "  BatchMode yes" "  ForwardAgent no" \
      "  StrictHostKeyChecking yes" "  ConnectTimeout 10"
    if [ -n "${SSH_CONFIG:-}" ]; then
      printf '  Include "%s"\n' "$(CDPATH='' cd "$(dirname "$SSH_CONFIG")" && pwd)/$(basename "$SSH_CONFIG")"
    else
      printf '  Include ~/.ssh/config\n  Include /etc/ssh/ssh_config\n'
    fi
  } >"$connection/ssh_config"
}

# For several boxes a worker a processor (tests/controller.py); for one, pytest-xdist is not even loaded.
choose_workers() {
  local processors
  workers=(-p no:xdist)
  [ ${#hosts[@]} -gt 1 ] || return 0
  processors=$(getconf _NPROCESSORS_ONLN)
  workers=(-n $((processors < ${#hosts[@]} ? processors : ${#hosts[@]})) --dist loadscope --max-worker-restart 0)
}

# Neither the caller's settings of Python and pytest nor a project around this one have a say. 0, 1, 65 and 69 are the
# suite's own.
run_checks() {
  local python status=0
  python=$("$here/tools.sh")/bin/python
  choose_workers
  # What the first process is told with -E, -s and -B, its workers learn from the environment.
  unset PYTEST_ADDOPTS PYTEST_PLUGINS PYTEST_DISABLE_PLUGIN_AUTOLOAD "${!PYTHON@}"
  export PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1
  (cd "$tests" && "$python" -E -s -B -m pytest -c pytest.ini --rootdir=. "${workers[@]}" "${anchor[@]}" \
    --report="$report.html" --junitxml="$report.xml" "${connection_options[@]}") || status=$?
  [ ! -f "$report.html" ] || printf '    the report: %s\n' "$report.html" "$report.xml"
  case $status in
    0 | 1 | 65 | 69) exit "$status" ;;
    *) fail 70 "the checks did not run to their end (pytest status $status)" ;;
  esac
}

main "$@"
