#!/bin/sh
# Runs inside the root tree of a box, once: the state in which an administrator hands over a server.
#
# Usage: prepare-box.sh < PUBLIC_KEY
#
# Users root, deploy (sudo without a password) and app (no sudo) log in with PUBLIC_KEY (standard input) and with nothing else.
# Exit codes: 0 done; else the first failure's.
set -eu

main() {
  public_key="$(cat)"
  for user in deploy app; do
    useradd --create-home --shell /bin/bash "$user"
  done
  echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/deploy
  chmod 0440 /etc/sudoers.d/deploy
  for user in root deploy app; do
    allow_key "$user"
  done
  configure_sshd
}

allow_key() {
  home="$(getent passwd "$1" | cut -d: -f6)"
  install -d -m 0700 -o "$1" -g "$1" "$home/.ssh"
  printf '%s\n' "$public_key" >"$home/.ssh/authorized_keys"
  chown "$1:$1" "$home/.ssh/authorized_keys"
  chmod 0600 "$home/.ssh/authorized_keys"
}

# A box has no name server: every question to one would hold up a login for seconds.
configure_sshd() {
  cat >/etc/ssh/sshd_config.d/lab.conf <<'SETTINGS'
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
SETTINGS
}

main
