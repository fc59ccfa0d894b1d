#!/usr/bin/env bash
# ship.sh: upload a finished bundle to one box or several over ssh, and run its setup.sh there.
#
# Usage: ship.sh [--check] HOST[,HOST…] VERSION
#        INVENTORY=FILE ship.sh [--check] '' VERSION
#
#   --check    only ask what the boxes lack for this bundle; nothing is installed, and the bundle is not uploaded
#   HOST       [user@]box, as ssh knows it
#   VERSION    the version of a bundle in dist/
#
# Of several boxes the first is the canary and goes alone; the others follow in batches, side by side. A box that fails keeps
# the release from those of later batches; its own batch is finished. Nobody can type a password into several boxes: where
# root is needed, the login is root there or may use sudo without one.
#
# Environment:
#   USERNAME    the account that the application runs as; default: the one that logs in, unless that is root. Some desktops
#               export it: what is used is told
#   MODE        root: install below /opt, with systemd and nginx; user: below the account's home.
#               default: root where the login is root or may use sudo without a password, else user
#   TARGET      which directory of dist/ to take the bundle from (a pattern works); default: the one whose bundle fits the
#               box, by system, arch and glibc; where several do, TARGET must say which
#   DELTA       no: upload the whole bundle; default: a delta (SINCE= in build_tarball.sh) where there is one and the box has
#               the release that it is completed from
#   COMPRESS    xz: upload the bundle's smallest form, .tar.xz (COMPRESS= in build_tarball.sh), where no delta will do;
#               default gz, which is installed faster
#   SETTINGS    settings of this box for setup.sh, such as "PORT=8001 NGINX=snippet"; it remembers them
#   DRY_RUN     1: only tell what would happen, what root would do included; nothing is uploaded
#   INVENTORY   a file with one HOST a line, instead of HOST; empty lines and # comments do not count
#   BATCH       boxes in a batch; default 5
#   SSH_CONFIG  an ssh configuration to use instead of your own
#
# Exit codes: those of setup.sh on the box, of several that of the first that failed; 64 usage, or several bundles fit; 69 a box
#   cannot be reached; 73 the upload failed; 78 no bundle fits; 130 interrupted.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

here=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$here/help.sh"
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"
# shellcheck source-path=SCRIPTDIR source=hosts.sh
. "$here/hosts.sh"

main() {
  options=()
  check_arguments "$@"
  check_environment
  check_settings
  find_bundles "$version"
  add_options
  local python
  python=$("$here/tools.sh")/bin/python
  exec "$python" -E -s -B "$here/fleet" "${options[@]}" -- "${hosts[@]}"
}

check_arguments() {
  local verb=deploy
  [ "${1:-}" != --check ] || { verb=preflight && options+=(--check) && shift; }
  [ $# -eq 2 ] && [ -n "$2" ] || usage "give HOST and VERSION: make $verb HOST=user@box VERSION=…"
  version=$2
  read_hosts "$1"
  [ ${#hosts[@]} -gt 0 ] || usage "give HOST and VERSION: make $verb HOST=user@box VERSION=…"
}

check_environment() {
  case ${MODE:-user} in
    root | user) ;;
    *) usage "MODE is root or user, not '$MODE'" ;;
  esac
  case ${DELTA:-yes} in
    yes | no) ;;
    *) usage "DELTA is yes or no, not '$DELTA'" ;;
  esac
  case ${COMPRESS:-gz} in
    gz | xz) ;;
    *) usage "COMPRESS is gz or xz, not '$COMPRESS'" ;;
  esac
  [[ "${BATCH:-5}" =~ ^[1-9][0-9]{0,2}$ ]] || usage "BATCH is a number of boxes, not '$BATCH'"
}

# setup.sh judges them; here it matters only that the box's shell finds nothing in them.
check_settings() {
  local words setting
  read -r -a words <<<"${SETTINGS:-}"
  for setting in ${words[@]+"${words[@]}"}; do
    [[ "$setting" =~ ^[A-Z_]+=[A-Za-z0-9.,*-]*$ ]] || usage "SETTINGS has '$setting', which is not SETTING=VALUE"
    options+=("--setting=$setting")
  done
}

add_options() {
  local bundle
  options+=("--app=$(app_name)" "--version=$version" "--batch=${BATCH:-5}")
  [ "${DELTA:-yes}" = yes ] || options+=(--whole)
  [ "${COMPRESS:-gz}" = gz ] || options+=(--small)
  [ -z "${DRY_RUN:-}" ] || options+=(--dry-run)
  [ -z "${USERNAME:-}" ] || options+=("--username=$USERNAME")
  [ -z "${MODE:-}" ] || options+=("--mode=$MODE")
  [ -z "${SSH_CONFIG:-}" ] || options+=("--ssh-config=$SSH_CONFIG")
  for bundle in "${found[@]}"; do options+=("--bundle=$bundle"); done
}

main "$@"
