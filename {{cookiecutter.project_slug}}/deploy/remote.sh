#!/usr/bin/env bash
# remote.sh: do one thing with what is installed on a box, over ssh.
#
# Usage: remote.sh rollback HOST [VERSION]
#        remote.sh status|restart|stop|start|logs|uninstall HOST
#
#   HOST       [user@]box, as ssh knows it
#   rollback   go back to VERSION, default: to the release that served before the current one
#   status     what is installed, what serves, and the last events; with JSON=1 for programs
#   restart    after a change of shared/app.env: new workers with the new settings, if they pass the health gate
#   stop       take the application out of service, until start, a rollback or a deployment; no reboot starts it
#   start      put in service what was stopped
#   logs       the ends of the logs, and what is added to them until Ctrl-C; on no terminal the ends only
#   uninstall  stop the application and remove it; asks first. BASE/shared and BASE/logs stay
#
# Where root installed it, the login is root or may use sudo.
#
# Environment:
#   JSON        1: status as JSON
#   CONFIRM     yes: uninstall does not ask
#   SHARED      remove: uninstall removes BASE/shared and BASE/logs too
#   SSH_CONFIG  an ssh configuration to use instead of your own
#
# Exit codes: those of activate.sh on the box; 64 usage; 69 the box cannot be reached, or the application is not there.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

here=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$here/help.sh"
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"

main() {
  check_arguments "$@"
  connect "$host"
  trap disconnect EXIT
  find_installation
  "run_$verb"
}

check_arguments() {
  [ $# -ge 2 ] && [ $# -le 3 ] && [ -n "$2" ] || usage "give HOST: make ${1:-status} HOST=user@box"
  verb=$1 host=$2 version=${3:-}
  case $verb in
    rollback) [[ "$version" =~ ^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$ ]] || fail 64 "VERSION '$version' is not a version" ;;
    status | restart | stop | start | logs | uninstall) [ $# -eq 2 ] || usage "$verb takes HOST alone" ;;
    *) usage "'$verb' is not something that remote.sh does" ;;
  esac
  case ${SHARED:-keep} in
    keep | remove) ;;
    *) usage "SHARED is keep or remove, not '$SHARED'" ;;
  esac
  check_host "$host"
  name=$(app_name)
}

# Where the login may not look, root's installation is not seen, and the login's own counts.
find_installation() {
  # shellcheck disable=SC2016  # the box's shell expands these
  local facts lookup='for base in "/opt/$name" "$HOME"; do [ -f "$base/state/mode" ] && break; done
    script=$base/current/deploy/activate.sh
    for other in "$base/$name"-v*/deploy/activate.sh; do [ -f "$script" ] || script=$other; done
    [ -f "$base/state/mode" ] && [ -f "$script" ] || exit 0
    cat "$base/state/mode" "$base/state/username"; echo "$base"; echo "$script"; id -u; sudo -n true 2>/dev/null && echo sudo || echo none'
  facts=$(remote "name=$name; $lookup" </dev/null)
  [ -n "$facts" ] || fail 69 "$name is not installed on $host, neither in /opt/$name nor in this login's home"
  { read -r mode && read -r username && read -r base && read -r script && read -r login_id && read -r sudo; } <<<"$facts"
  [[ "$username/$base/$script" =~ ^[A-Za-z0-9._/-]+$ ]] || fail 70 "$base has a name that cannot be passed on"
  become='' terminal=-T
  if [ "$mode" = root ] && [ "$login_id" != 0 ]; then
    if [ "$sudo" = sudo ]; then become='sudo -n '; else become='sudo ' terminal=-t; fi
  fi
}

# activate OPTION…: the words are fixed or checked, so the box's shell finds nothing in them.
activate() { remote "$terminal" "${become}sh $script $*"; }

run_rollback() { activate --back "$version"; }

run_status() { activate --status ${JSON:+--json}; }

run_restart() { activate --restart; }

run_stop() { activate --stop; }

run_start() { activate; }

run_uninstall() {
  local options=()
  [ "${SHARED:-keep}" = keep ] || options+=(--remove-shared)
  if [ "${CONFIRM:-}" = yes ]; then
    options+=(--yes)
  elif [ -t 0 ]; then
    terminal=-t
  fi
  activate --uninstall ${options[@]+"${options[@]}"}
}

# As the account itself: root follows no link of the account's.
run_logs() {
  local follow='' tail
  [ ! -t 1 ] || follow=-F terminal=-t
  tail="tail -n 20 $follow $base/logs/access.log $base/logs/error.log"
  [ "$mode" = user ] || tail="${become}su -s /bin/sh -c '$tail' $username"
  remote "$terminal" "$tail"
}

main "$@"
