#!/usr/bin/env bash
# ship.sh: upload a finished bundle to a box over ssh and run its setup.sh there.
#
# Usage: ship.sh [--check] HOST VERSION
#
#   --check    only ask what the box lacks for this bundle; nothing is installed, and the bundle is not uploaded
#   HOST       [user@]box, as ssh knows it; several with commas between, or INVENTORY, are for fleet.sh
#   VERSION    the version of a bundle in dist/
#
# Environment:
#   USERNAME    the account that the application runs as; default: the one that logs in, unless that is root
#   MODE        root: install below /opt, with systemd and nginx; user: below the account's home.
#               default: root where the login is root or may use sudo without a password, else user
#   TARGET      which directory of dist/ to take the bundle from (a pattern works); default: the one whose bundle fits the
#               box, by system, arch and glibc; where several do, TARGET must say which
#   DELTA       no: upload the whole bundle; default: a delta (SINCE= in build_tarball.sh) where there is one and the box has
#               the release that it is completed from
#   SETTINGS    settings of this box for setup.sh, such as "PORT=8001 NGINX=snippet"; it remembers them
#   DRY_RUN     1: only tell what would happen, what root would do included; nothing is uploaded
#   SSH_CONFIG  an ssh configuration to use instead of your own
#
# Exit codes: those of setup.sh on the box; 64 usage, or several bundles fit; 69 the box cannot be reached;
#   78 no bundle fits.
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"
# shellcheck source-path=SCRIPTDIR source=choose_bundle.sh
. "$here/choose_bundle.sh"
# shellcheck source-path=SCRIPTDIR source=choose_delta.sh
. "$here/choose_delta.sh"
# shellcheck source-path=SCRIPTDIR source=plan.sh
. "$here/plan.sh"

main() {
  check_arguments "$@"
  find_bundles "$version"
  if [[ "$host" == *,* || -z "$host" ]]; then
    exec "$here/fleet.sh" ${check:+"$check"} "$host" "$version"
  fi
  ship
}

check_arguments() {
  check=''
  [ "${1:-}" != --check ] || { check=--check && shift; }
  [ $# -eq 2 ] && [ -n "$1${INVENTORY:-}" ] && [ -n "$2" ] || usage "give HOST and VERSION: make deploy HOST=user@box VERSION=…"
  host=$1 version=$2
  local one
  IFS=, read -r -a hosts <<<"$host"
  for one in ${hosts[@]+"${hosts[@]}"}; do check_host "$one"; done
  check_settings
  case ${MODE:-user} in
    root | user) ;;
    *) usage "MODE is root or user, not '$MODE'" ;;
  esac
  case ${DELTA:-yes} in
    yes | no) ;;
    *) usage "DELTA is yes or no, not '$DELTA'" ;;
  esac
}

ship() {
  connect "$host"
  trap 'clean_up' EXIT
  choose_bundle
  look_at_box
  choose_account
  choose_delta
  if [ -n "${DRY_RUN:-}" ]; then
    show_plan "$(basename "$bundle" .tar.gz)"
    return
  fi
  upload
  run_setup
}

# setup.sh judges them; here it matters only that the box's shell finds nothing in them.
check_settings() {
  local words setting
  settings=''
  read -r -a words <<<"${SETTINGS:-}"
  for setting in ${words[@]+"${words[@]}"}; do
    [[ "$setting" =~ ^[A-Z_]+=[A-Za-z0-9.,*-]*$ ]] || usage "SETTINGS has '$setting', which is not SETTING=VALUE"
    settings="$settings '$setting'"
  done
}

look_at_box() {
  # shellcheck disable=SC2016  # the box's shell expands these
  facts=$(remote 'id -un; id -u; sudo -n true 2>/dev/null && echo sudo || echo none' </dev/null)
  { read -r login && read -r login_id && read -r sudo; } <<<"$facts"
}

choose_account() {
  username=${USERNAME:-$login}
  [[ "$username" =~ ^[a-z_][a-z0-9_.-]{0,31}$ ]] || fail 64 "USERNAME '$username' is not an account name"
  if [ "$username" = root ]; then
    fail 64 "say which account the application runs as: make deploy HOST=$host VERSION=$version USERNAME=…"
  fi
  if [ "$login_id" = 0 ]; then
    mode=${MODE:-root} become=''
  elif [ "$sudo" = sudo ]; then
    mode=${MODE:-root} become='sudo -n '
  else
    mode=${MODE:-user} become='sudo '
  fi
  [ "$mode" = root ] || become=''
  [ "$mode" = root ] || [ "$username" = "$login" ] ||
    fail 64 "without root the application runs as the account that logs in: make deploy HOST=$username@…"
}

# For a check, the part of the bundle that says what it needs.
cut_head() {
  head=$(mktemp -d "${TMPDIR:-/tmp}/head.XXXXXX")
  local release names
  release=$(basename "$bundle" .tar.gz)
  names=("$release/BUNDLE")
  [ "$artefact" = "$bundle" ] || names+=("$release/DELTA/BASE")
  tar -xzf "$artefact" -C "$head" "${names[@]}" && tar -czf "$head/$(basename "$artefact")" -C "$head" "${names[@]}" ||
    fail 65 "$artefact holds no BUNDLE; build it again"
}

# To a directory of its own: an upload that is cut off is never found by setup.sh, and left to the next one to remove.
upload() {
  local files=("$artefact" "$artefact.sha256")
  [ ! -f "$artefact.sha256.sig" ] || files+=("$artefact.sha256.sig")
  if [ -n "$check" ]; then
    cut_head
    files=("$head/$(basename "$artefact")")
  else
    step "Uploading $(basename "$artefact") to $host"
  fi
  # shellcheck disable=SC2016  # the box's shell expands these
  directory=$(remote 'find "$HOME" -maxdepth 1 -name ".offline-flask.*" -mtime +0 -exec rm -rf {} +; mktemp -d "$HOME/.offline-flask.XXXXXX"' </dev/null)
  [[ "$directory" =~ ^/[A-Za-z0-9._/-]+$ ]] || fail 73 "cannot make a directory on $host: $directory"
  copy "${files[@]}" "$here/setup.sh" "$directory/" || fail 73 "the upload to $host failed"
}

run_setup() {
  step "Running setup.sh on $host as $mode"
  local terminal=-T
  [ "$become" != 'sudo ' ] || terminal=-t
  remote "$terminal" "cd $directory && ${become}sh setup.sh $check $version $username$settings"
}

clean_up() {
  [ -z "${directory:-}" ] || remote "rm -rf $directory" </dev/null || true
  [ -z "${head:-}" ] || rm -rf "$head"
  disconnect
}

main "$@"
