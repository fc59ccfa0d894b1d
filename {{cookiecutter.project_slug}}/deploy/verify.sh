#!/usr/bin/env bash
# verify.sh: check that a box serves exactly what a bundle in dist/ holds; nothing on the box is changed.
#
# Usage: verify.sh HOST [VERSION]
#
#   HOST       [user@]box, as ssh knows it, or `local` for this machine. Log in as root, as a user with
#              passwordless sudo, or (user mode) as the account that the application runs as
#   VERSION    the version of a bundle in dist/; default: the bundle built last
#
# The expected values come from the bundle, never from the box. The box needs no Python of its own.
#
# Environment:
#   TARGET      which directory of dist/ to take the bundle from, where several have this version
#   SSH_CONFIG  an ssh configuration to use instead of your own
#
# Exit codes: 0 everything was checked and is as it should be; 1 something is red, or nothing was checked;
#   64 usage; 65 the bundle is damaged; 69 no bundle, or the box cannot be reached; 70 internal.
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"
tests=$here/../tests

main() {
  check_arguments "$@"
  [ -n "$version" ] || version=$(newest_version)
  find_bundle "$version"
  step "Verifying $(basename "$bundle" .tar.gz) on $host"
  choose_connection
  run_checks
}

check_arguments() {
  [ $# -ge 1 ] && [ $# -le 2 ] && [ -n "$1" ] || usage "give HOST: make verify HOST=user@box"
  host=$1 version=${2:-}
  check_host "$host"
}

newest_version() {
  local name newest
  name=$(app_name)
  # shellcheck disable=SC2012,SC2086  # the names hold no space; TARGET may be a pattern, as in find_bundle
  newest=$(ls -t "$dist"/${TARGET:-*}/"$name"-v*.tar.gz 2>/dev/null | sed -n 1p)
  [ -n "$newest" ] || fail 69 "there is no bundle in dist/${TARGET:-}; make one first: make tarball VERSION=…"
  newest=$(basename "$newest" .tar.gz)
  echo "${newest#"$name-v"}"
}

choose_connection() {
  if [ "$host" = local ]; then
    connection_options=(--hosts=local://)
    return
  fi
  connect "$host"
  trap disconnect EXIT
  write_ssh_config
  connection_options=(--hosts="ssh://$host" --ssh-config="$connection/ssh_config")
}

# testinfra takes ssh's options from a configuration only. The first value that ssh finds counts.
write_ssh_config() {
  {
    printf '%s\n' "Host *" "  ControlPath $connection/%C" "  BatchMode yes" "  ForwardAgent no"
    if [ -n "${SSH_CONFIG:-}" ]; then
      printf '  Include "%s"\n' "$(cd "$(dirname "$SSH_CONFIG")" && pwd)/$(basename "$SSH_CONFIG")"
    else
      printf '  Include ~/.ssh/config\n  Include /etc/ssh/ssh_config\n'
    fi
  } >"$connection/ssh_config"
}

# Neither the caller's pytest settings nor a project around this one have a say. 0, 1, 65 and 69 are the suite's own.
run_checks() {
  local python status=0
  python=$("$here/tools.sh")/bin/python
  unset PYTEST_ADDOPTS PYTEST_PLUGINS PYTEST_DISABLE_PLUGIN_AUTOLOAD
  (cd "$tests" && "$python" -E -s -B -m pytest -c pytest.ini --rootdir=. --bundle="$bundle" "${connection_options[@]}") || status=$?
  case $status in
    0 | 1 | 65 | 69) exit "$status" ;;
    *) fail 70 "the checks did not run to their end (pytest status $status)" ;;
  esac
}

main "$@"
