#!/usr/bin/env bash
# report-picture.sh: make docs/report.png, the picture of a verify's report, out of a real one.
#
# Usage: docs/report-picture.sh [REPORT.html]
#   REPORT.html   default: the newest that `make demo` left in demo/
#
# Needs chromium; on Debian: apt-get install chromium.
# Exit codes: 0 made; 64 there is no report; 69 there is no chromium; else chromium's.
set -Eeuo pipefail
CDPATH='' cd "$(dirname "$0")/.."

main() {
  local report
  # shellcheck disable=SC2012  # names that verify.sh made
  report=${1:-$(ls -t demo/*/dist/reports/verify-*.html 2>/dev/null | sed -n 1p)}
  [[ -f "$report" ]] || fail 64 "there is no report; run make demo first, or name one"
  command -v chromium >/dev/null || fail 69 "chromium is not installed; on Debian: apt-get install chromium"
  profile=$(mktemp -d)
  trap 'rm -rf "$profile"' EXIT
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile" \
    --window-size=1200,1000 --screenshot="$PWD/docs/report.png" "file://$(realpath "$report")" 2>/dev/null
  printf '==> docs/report.png, from %s\n' "$report"
}

fail() {
  printf 'error: %s\n' "$2" >&2
  exit "$1"
}

main "$@"
