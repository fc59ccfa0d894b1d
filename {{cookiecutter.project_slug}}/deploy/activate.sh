#!/bin/sh
# activate.sh: put one installed release in service; on an earlier release this is the rollback.
#
# Usage: sh activate.sh [VERSION]
#        sh activate.sh --back [VERSION]
#        sh activate.sh --restart
#        sh activate.sh --stop
#        sh activate.sh --status [--json]
#        sh activate.sh --reopen-logs
#        sh activate.sh --uninstall [--remove-shared] [--yes]
#        sh activate.sh --settle
#
#   VERSION    an installed release; default: the release that this activate.sh lies in
#   --back     go back: to VERSION, which must have been good, or to the release that served before the current one
#   --restart  after a change of shared/app.env: new workers, if one on trial passes the health gate with the new settings
#   --stop     take the application out of service; neither a reboot nor cron starts it, but activate.sh does
#   --status   what is installed, what serves, and the last events; --json for programs
#   --reopen-logs   for logrotate: have gunicorn write to new log files
#   --uninstall     stop everything and remove it, after a question or with --yes; shared/ and logs/ stay, unless --remove-shared
#   --settle   wait for the end of a deployment; if it was killed, make the box agree with `current` again
#
# As root where setup.sh ran as root, else as the application's account. The release must pass the health
# gate first; if it does not, the one in service stays.
#
# Environment: none is used.
#
# Exit codes: 0 done, VERSION is in service; 1 it was refused, the old one still serves; 64 usage; 75 another
#   deployment runs; 78 the release is not installed, or this is the wrong account.
set -eu
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export PATH

# fail STATUS MESSAGE
fail() {
  printf 'error: %s\n' "$2" >&2
  exit "$1"
}

help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# usage MESSAGE
usage() {
  sed -n '/^# Usage:/,/^# Exit/s/^# \{0,1\}//p' "$0" | sed '$d' >&2
  fail 64 "$1"
}

bundle_value() { sed -n "s/^$1=//p" "$release/BUNDLE"; }

main() {
  command=activate options=''
  case ${1:-} in
    -h | --help) help && exit 0 ;;
    --back) command=rollback && shift ;;
    --restart | --stop | --status | --reopen-logs | --uninstall | --settle) command=${1#--} && shift ;;
  esac
  while :; do
    case $command${1:-} in
      status--json | uninstall--remove-shared | uninstall--yes) options="$options $1" && shift ;;
      *) break ;;
    esac
  done
  check_arguments "$@"
  release=$(CDPATH='' cd -P "$(dirname "$0")/.." && pwd)
  base=${release%/*}
  name=$(bundle_value NAME)
  [ -n "$version" ] || [ "$command" != activate ] || version=$(bundle_value VERSION)
  case $version in
    -*) usage "activate.sh has no option '$version'" ;;
    *[!A-Za-z0-9._-]* | [!A-Za-z0-9]*) usage "'$version' is not a version" ;;
  esac
  [ "$command" != activate ] || choose_release
  [ "$command" != settle ] || wait_for_deployment
  run_release_code
}

check_arguments() {
  case $command in
    activate | rollback) [ $# -le 1 ] || usage "activate.sh takes one VERSION, not $# arguments" ;;
    *) [ $# -eq 0 ] || usage "activate.sh --$command does not take '$1'" ;;
  esac
  version=${1:-}
}

choose_release() {
  release=$base/$name-v$version
  [ -f "$base/state/complete/$version" ] || [ ! -d "$release" ] ||
    fail 78 "version $version is not installed completely, or its test failed; see --status, and deploy it again"
  [ -f "$base/state/complete/$version" ] ||
    fail 78 "version $version is not installed in $base; installed: $(cd "$base/state/complete" && echo *)"
}

# Most leave nothing to settle, and then no interpreter need be started.
wait_for_deployment() {
  flock "$base/state/lock" true
  [ -e "$base/state/switching" ] || [ -e "$base/state/settings.former" ] || exit 0
}

run_release_code() {
  python=$(bundle_value PYTHON)
  # shellcheck disable=SC2086  # options are words of this script's own
  exec env -i PATH="$PATH" HOME="$base" LC_ALL=C "$base/$(bundle_value PYTHON_DIR)/bin/python${python%.*}" -E -s -B \
    "$release/deploy/release" $command $options --person "${SUDO_USER:-$(id -un)}" "$base" "$name" ${version:+"$version"}
}

main "$@"
