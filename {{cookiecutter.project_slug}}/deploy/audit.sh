#!/usr/bin/env bash
# audit.sh: checks everything that the locks and pins of the targets name against known vulnerabilities (pip-audit).
#
# Usage: deploy/audit.sh        (make audit)
# Environment:
#   SERVICE   osv (https://api.osv.dev, the default) or pypi (https://pypi.org): whom to ask
#   OSV_URL   another place that answers as https://api.osv.dev/v1/query does, such as a company's mirror
#   PIP_INDEX_URL, https_proxy, … as everywhere
# What is looked at: project/locks/ of the Pythons in targets.json, and the pins of what is shipped or builds it (wheels/).
# CPython and OpenSSL are in no such service's Python section: their versions are in the SBOM of each bundle.
# Exit codes: 0 nothing is known against it; 1 something is, each finding is shown; 64 usage; 69 the service does not answer, or
#   does not know all of it, from here: then nothing is claimed; 78 deploy/targets.json cannot be read or is broken.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"

fail() {
  printf 'error: %s\n' "$2" >&2
  exit "$1"
}

(($# == 0)) || fail 64 'audit.sh takes no arguments; its first lines are its help'
case "${SERVICE:=osv}" in osv | pypi) ;; *) fail 64 "SERVICE is osv or pypi, not '$SERVICE'" ;; esac
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || fail 69 'pip-audit needs Python 3.10 or newer as python3'
tools="$(bash "$HERE/tools.sh" "$HERE/../wheels/audit-tools.txt")"
exec "$tools/bin/python" -E -s -B "$HERE/audit.py" "$SERVICE"
