#!/bin/sh
# serve.sh: become the gunicorn of the release that this file lies in.
#
# Usage: sh serve.sh [GUNICORN OPTION…]
#
# Started by the service manager, which passes the listening sockets (LISTEN_FDS) or names them (--bind).
# The process stays the same one, as the LISTEN_PID of the sockets demands.
#
# Environment: LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES from systemd. All that could mislead Python is cleared.
#
# Exit codes: gunicorn's; 78 if there is no socket to listen on.
set -eu

main() {
  release=$(CDPATH='' cd -P "$(dirname "$0")/../.." && pwd)
  require_socket "$@"
  clean_environment
  cd "$release"
  exec "$release/venv/bin/gunicorn" --config "$release/deploy/box/gunicorn.conf.py" "$@" \
    "$(sed -n 's/^APP_MODULE=//p' "$release/BUNDLE")"
}

# Without one gunicorn would come up on its default port and look healthy.
require_socket() {
  case "${LISTEN_FDS:-0} $*" in
    "0 "*--bind*) ;;
    "0 "*)
      echo "error: no socket was passed by the service manager" >&2
      exit 78
      ;;
  esac
}

clean_environment() {
  unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONOPTIMIZE GUNICORN_CMD_ARGS
  PYTHONDONTWRITEBYTECODE=1
  export PYTHONDONTWRITEBYTECODE
  # The bundle's OpenSSL looks where it was built; the box keeps its certificates in one of these.
  for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -n "${SSL_CERT_FILE:-}" ] || [ ! -f "$file" ] || export SSL_CERT_FILE="$file"
  done
}

main "$@"
