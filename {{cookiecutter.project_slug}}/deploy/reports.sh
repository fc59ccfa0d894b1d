#!/usr/bin/env bash
# reports.sh: where a report goes. Sourced after connection.sh; it has no usage of its own.

absolute() { (CDPATH='' cd "$(dirname "$1")" 2>/dev/null && printf '%s/%s\n' "$(pwd)" "${1##*/}") || fail 65 "there is no $1"; }

# shellcheck disable=SC2034,SC2154  # report is for the sourcing script, dist is connection.sh's
# choose_report NAME: sets $report, a path to which .html and .xml are added; REPORT is another directory for it.
choose_report() {
  local reports=${REPORT:-$dist/reports}
  mkdir -p "$reports" 2>/dev/null && [ -w "$reports" ] ||
    fail 73 "cannot write the report to $reports; choose with REPORT=directory"
  report=$(absolute "$reports/$1-$(date -u +%Y%m%dT%H%M%SZ)")
}
