#!/usr/bin/env bash
# rehearse.sh: install a finished bundle as on its box, before it leaves: no network, no compiler, nothing to lean on.
#
# Usage: rehearse.sh VERSION
#
#   VERSION    the version of a bundle in dist/
#
# The clean box is a container of the target's base image without a network (ENGINE=docker), or namespaces of this
# machine without a network, for a bundle that fits it (ENGINE=host, user mode only). For a bundle that brings Python's source
# (INTERPRETER=source) it has what compiling needs. In both /tmp is mounted noexec, and
# PATH, PYTHONPATH, PYTHONHOME, PIP_*, TAR_OPTIONS and umask are as bad as can be. There setup.sh installs the bundle,
# runs the app's tests and puts it in service, and then the checks of verify.sh run. What cannot apply there, such as
# systemd, is listed as not applicable. The report goes to dist/reports/.
#
# Environment:
#   TARGET   which directory of dist/ to take the bundle from, where several have this version
#   ENGINE   auto (default: docker where an engine answers, else host), docker or host
#   MODE     root (default, in a container) or user: how it is installed
#   IMAGE    the image of the clean box, such as one of your company's; default: the base image of the bundle's target
#   RELEASE_KEY  the public key that must have signed the .sha256 (make keygen)
#   ENV_FILE settings and secrets of the app for the clean box, KEY=value lines as in its shared/app.env; default: none
#   REPORT   a directory for the report, instead of dist/reports
#
# Exit codes: those of setup.sh where it fails; 1 a check is red; 64 usage; 65 the bundle is damaged, or not signed by
#   RELEASE_KEY; 69 no bundle, no image, or no place to rehearse in; 70 internal; 73 no report; 130 interrupted.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

here=$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$here/help.sh"
# shellcheck source-path=SCRIPTDIR source=connection.sh
. "$here/connection.sh"
# shellcheck source-path=SCRIPTDIR source=reports.sh
. "$here/reports.sh"

main() {
  check_arguments "$@"
  find_bundle "$1"
  check_signature "$1"
  local release python key=''
  release=$(basename "$bundle" .tar.gz)
  [ -z "${RELEASE_KEY:-}" ] || key=$(absolute "$RELEASE_KEY")
  choose_report "rehearse-$release-$(basename "$(dirname "$bundle")")"
  python=$("$here/tools.sh")/bin/python
  unset PYTEST_ADDOPTS PYTEST_PLUGINS PYTEST_DISABLE_PLUGIN_AUTOLOAD
  step "Rehearsing $release"
  exec "$python" -E -s -B "$here/rehearsal" "${ENGINE:-auto}" "${MODE:-}" "$bundle" "$report" "${IMAGE:-}" "${ENV_FILE:-}" "$key"
}

# Before anything of the bundle is run, as on a box that has the key.
check_signature() {
  [ -z "${RELEASE_KEY:-}" ] || TARGET=$(basename "$(dirname "$bundle")") "$here/inspect.sh" "$1" >/dev/null
}

check_arguments() {
  [ $# -eq 1 ] && [ -n "$1" ] || usage "give VERSION: make rehearse VERSION=…"
  case ${ENGINE:-auto} in
    auto | docker | host) ;;
    *) usage "ENGINE is auto, docker or host, not '$ENGINE'" ;;
  esac
  [ -z "${ENV_FILE:-}" ] || [ -r "$ENV_FILE" ] && [ ! -d "${ENV_FILE:-}" ] || usage "ENV_FILE: '$ENV_FILE' cannot be read"
  case ${MODE:-user} in
    root | user) ;;
    *) usage "MODE is root or user, not '$MODE'" ;;
  esac
}

main "$@"
