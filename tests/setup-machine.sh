#!/usr/bin/env bash
# Makes this machine ready for `make test`, `make demo` and `make lint`.
#
# Usage: tests/setup-machine.sh
#
# As root on Debian or Ubuntu it installs the missing packages through apt; otherwise it names them and goes on with what is there.
# Then it makes .venv with the exact versions of tests/requirements.txt. Does nothing where all is there already.
#
# Exit codes: 0 ready; 69 something without which nothing runs is missing or could not be had.
set -Eeuo pipefail
CDPATH='' cd "$(dirname "$0")/.."

readonly OLDEST_PYTHON='3, 11'
PATH="$PATH:/usr/sbin:/sbin" # where an ordinary Debian user does not look

main() {
  local missing
  missing="$(missing_packages | sort -u)"
  # shellcheck disable=SC2086 # one package a word
  [[ -z "$missing" ]] || install_or_name $missing
  venv_is_current || locked_make_venv
}

# Prints the Debian package of every tool that is not there, one a line.
missing_packages() {
  python_has_venv || echo python3-venv
  command -v ssh >/dev/null || echo openssh-client
  command -v busybox >/dev/null || echo busybox
  command -v bsdtar >/dev/null || echo libarchive-tools
  command -v ip >/dev/null || echo iproute2
  command -v iptables >/dev/null || echo iptables
  command -v debootstrap >/dev/null || echo debootstrap
  command -v dnf >/dev/null || printf '%s\n' dnf dnf-plugins-core # reads the repository files of CentOS
  command -v systemd-nspawn >/dev/null || echo systemd-container
  command -v faketime >/dev/null || echo faketime
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
  [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || echo debian-archive-keyring
  missing_docker_packages
}

# An environment that is already made proves that its Python had what it takes, and asking it would cost more than all the rest.
python_has_venv() {
  venv_is_current || python3 -c 'import ensurepip' 2>/dev/null
}

# Debian 13 took the client out of docker.io; where AppArmor is on, dockerd cannot start a container without its parser.
missing_docker_packages() {
  command -v docker >/dev/null || docker_client_package
  [[ -n "${DOCKER_HOST:-}" || -S /var/run/docker.sock ]] || command -v dockerd >/dev/null || echo docker.io
  if [[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" == Y ]]; then
    command -v apparmor_parser >/dev/null || echo apparmor
  fi
}

docker_client_package() {
  if apt-cache show docker-cli >/dev/null 2>&1; then echo docker-cli; else echo docker.io; fi
}

install_or_name() {
  if [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
    install_packages "$@"
  else
    echo "warning: not installed here: $*; as root on Debian: apt-get install $*" >&2
  fi
}

install_packages() {
  echo "==> Installing $* through apt"
  export DEBIAN_FRONTEND=noninteractive
  logged apt-get -q update || fail "apt-get update failed; mend this machine's apt sources and try again"
  # What to install is asked again: only with package lists can it be told which package holds the docker client.
  # shellcheck disable=SC2046 # one package a word
  logged apt-get -q -y install --no-install-recommends $(missing_packages | sort -u) ||
    fail "apt-get could not install $*; see above"
}

# Runs a command whose output is of interest only if it fails.
logged() {
  local output
  output="$("$@" 2>&1)" || {
    tail -n 20 <<<"$output" >&2
    return 1
  }
}

venv_is_current() {
  [[ -x .venv/bin/python && -e .venv/made-from.txt ]] && cmp -s .venv/made-from.txt tests/requirements.txt
}

# Two at once, as when make test and make demo are started together: the second waits and then finds the work done.
locked_make_venv() {
  python_has_venv || fail "python3 with its venv module is needed"
  python3 -c "import sys; sys.exit(sys.version_info < ($OLDEST_PYTHON))" ||
    fail "Python ${OLDEST_PYTHON/, /.} or newer is needed to run the tests; this is $(python3 --version)"
  exec 9<tests/requirements.txt
  flock 9
  venv_is_current || make_venv
  exec 9<&-
}

make_venv() {
  echo "==> Installing the tools of tests/requirements.txt into .venv"
  rm -rf .venv
  python3 -m venv .venv || fail "python3 -m venv .venv failed"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt ||
    fail "pip could not install tests/requirements.txt; see above (a mirror or proxy is set in pip.conf)"
  cp tests/requirements.txt .venv/made-from.txt
}

fail() {
  echo "error: $*" >&2
  exit 69
}

main "$@"
