#!/usr/bin/env bash
# kit.sh: pack the tools of this project as a bundle of their own, for a machine that deploys and verifies without internet.
#
# Usage: kit.sh VERSION
#
#   VERSION    name of the kit's release, as for build_tarball.sh
#
# The kit is an ordinary bundle, APP_NAME-kit, which serves nothing: the scripts that deploy and verify, pytest, testinfra and
# pyinfra with all that they need, and an interpreter. setup.sh installs it on a machine that has neither pip nor Python, and
# ~/current/kit does there what make does here. It is built for the targets that the application is built for; theirs
# is the system of the machine that it goes to. The hashes of its wheels are kept in tests/locks/, to be committed.
#
# Environment: that of build_tarball.sh; TARGET chooses the machine's row of targets.json.
#
# Exit codes: those of build_tarball.sh; 78 a target's Python is older than 3.9, which the tools need.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

here=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$here/help.sh"
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"

# What works without a build.
scripts='connection.sh fleet help.sh hosts.sh remote.sh reports.sh setup.sh ship.sh tools.sh verify.sh'

main() {
  [ $# -eq 1 ] && [ -n "$1" ] || usage "give VERSION: make kit VERSION=…"
  app=$(mktemp -d "${TMPDIR:-/tmp}/kit.XXXXXX")
  trap 'rm -rf "$app"' EXIT
  local status=0
  lay_out
  take_locks
  KIT_APP=$app "$here/run_builder.sh" tarball "$1" || status=$?
  keep_locks
  exit $status
}

lay_out() {
  local script
  mkdir -p "$app/tools/deploy" "$app/locks"
  cp "$here/kit/kit" "$here/kit/test.py" "$app/"
  cp "$here/../tests/requirements.txt" "$app/"
  cp "$here/../config.env" "$app/tools/"
  cp -R "$here/../tests" "$app/tools/"
  for script in $scripts; do cp -R "$here/$script" "$app/tools/deploy/"; done
  rm -rf "$app/tools/tests/locks"
  find "$app" -name __pycache__ -prune -exec rm -rf {} +
  keep_verbs <"$here/../Makefile" >"$app/tools/Makefile"
}

# Of the Makefile's paragraphs those whose script is in the kit, and help.
keep_verbs() {
  awk -v RS= -v ORS='\n\n' -v scripts=" $scripts " '
    /^\.PHONY/ || /^#/ || /^help:/ { print; next }
    match($0, /@deploy\/[a-z_]+\.sh/) && index(scripts, " " substr($0, RSTART + 8, RLENGTH - 8) " ")' |
    awk -v RS= -v ORS='\n\n' '
      { paragraph[NR] = $0; if (match($0, /^[a-z]+:/)) verbs = verbs " " substr($0, 1, RLENGTH - 1) }
      END { for (i = 1; i <= NR; i++) { if (paragraph[i] ~ /^\.PHONY/) paragraph[i] = ".PHONY:" verbs; print paragraph[i] } }'
}

# A lock of other requirements is made anew.
take_locks() {
  local lock digest
  digest=$(python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$app/requirements.txt")
  for lock in "$here"/../tests/locks/*.txt; do
    case $lock in */build-*) ;; *) grep -q "$digest" "$lock" 2>/dev/null || continue ;; esac
    cp "$lock" "$app/locks/"
  done
}

keep_locks() {
  local lock
  for lock in "$app"/locks/*.txt; do
    [ -f "$lock" ] || continue
    cmp -s "$lock" "$here/../tests/locks/${lock##*/}" && continue
    mkdir -p "$here/../tests/locks"
    cp "$lock" "$here/../tests/locks/"
    printf '    wrote tests/locks/%s; commit it\n' "${lock##*/}"
  done
}

main "$@"
