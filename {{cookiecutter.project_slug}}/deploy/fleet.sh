#!/usr/bin/env bash
# fleet.sh: what ship.sh does, for several boxes: the first alone, then the others in batches, and no further than a failure.
#
# Usage: fleet.sh [--check] HOST[,HOST…] VERSION
#
#   --check    ask all boxes what they lack; nothing is installed
#   HOST       [user@]box, as ssh knows it; the first is the canary. Where root is needed, the login is root or may use
#              sudo without a password: nobody can type one into several boxes
#   VERSION    the version of a bundle in dist/
#
# Boxes of a batch are worked on side by side; what each says is shown when it is done. A box that fails keeps the release
# from those of later batches; its own batch is finished.
#
# Environment: that of ship.sh, and
#   BATCH      boxes in a batch; default 5
#   INVENTORY  a file with one HOST a line, instead of HOST
#
# Exit codes: 0 all boxes are done; else that of the first box that failed; 64 usage.
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"
# shellcheck source-path=SCRIPTDIR source=hosts.sh
. "$here/hosts.sh"

main() {
  check_arguments "$@"
  logs=$(mktemp -d "${TMPDIR:-/tmp}/fleet.XXXXXX")
  trap 'rm -rf "$logs"' EXIT
  trap 'stop_batch; exit 130' INT TERM
  status=0 outcomes=()
  ship_batch 0 1
  local next=1
  while [ $next -lt ${#hosts[@]} ] && keeps_on; do
    ship_batch $next "$batch"
    next=$((next + batch))
  done
  report
  exit $status
}

check_arguments() {
  check=''
  [ "${1:-}" != --check ] || { check=--check && shift; }
  [ $# -eq 2 ] && [ -n "$2" ] || usage "give HOST and VERSION: make deploy HOST=user@box,user@box VERSION=…"
  version=$2 batch=${BATCH:-5}
  [[ "$batch" =~ ^[1-9][0-9]{0,2}$ ]] || usage "BATCH is a number of boxes, not '$batch'"
  read_hosts "$1"
  [ ${#hosts[@]} -gt 0 ] || usage "give HOST: make deploy HOST=user@box,user@box VERSION=…"
}

# What only asks may ask everybody.
keeps_on() { [ $status -eq 0 ] || [ -n "$check" ]; }

# ship_batch FIRST NUMBER: one box alone says what it says as it comes; those of a batch one after the other when done.
ship_batch() {
  local number last=$(($1 + $2)) code
  [ $last -le ${#hosts[@]} ] || last=${#hosts[@]}
  pids=()
  for ((number = $1; number < last; number++)); do
    if [ $((last - $1)) -eq 1 ]; then
      step "${hosts[number]}"
      ship_one "$number" </dev/null &
    else
      ship_one "$number" >"$logs/$number" 2>&1 </dev/null &
    fi
    pids+=($!)
  done
  for ((number = $1; number < last; number++)); do
    code=0
    wait "${pids[number - $1]}" || code=$?
    [ ! -f "$logs/$number" ] || { step "${hosts[number]}" && sed 's/^/    /' "$logs/$number"; }
    outcomes+=("$code")
    [ $status -ne 0 ] || status=$code
  done
}

ship_one() { exec "$here/ship.sh" ${check:+"$check"} "${hosts[$1]}" "$version"; }

# shellcheck disable=SC2329  # on a signal
stop_batch() { kill ${pids[@]+"${pids[@]}"} 2>/dev/null || true; }

report() {
  local number outcome="version $version is in service"
  [ -z "$check" ] || outcome="ready for version $version"
  [ -z "${DRY_RUN:-}" ] || outcome='nothing was changed'
  step "Of ${#hosts[@]} boxes"
  for ((number = 0; number < ${#hosts[@]}; number++)); do
    case ${outcomes[number]:-none} in
      0) printf '    %s: %s\n' "${hosts[number]}" "$outcome" ;;
      none) printf '    %s: not tried\n' "${hosts[number]}" ;;
      *) printf '    %s: failed with status %s\n' "${hosts[number]}" "${outcomes[number]}" ;;
    esac
  done
}

main "$@"
