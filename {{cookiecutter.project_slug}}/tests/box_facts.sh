#!/bin/sh
# Everything that the checks need to see of a box, read in one go; it changes and executes nothing there.
# facts.py sends this text to the box's sh, as root where the login may; it is not copied to the box.
#
# Usage: sh -c "$(cat box_facts.sh)" box_facts NAME VERSION PYTHON_DIR PORT HOME
#   PORT is the public one where the box has no other in its settings (state/settings).
#   HOME is the login user's home, where user mode has its BASE.
# Prints one fact a line: a keyword, a space, the value; first `begin`, last `end`.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset CDPATH
name=$1 version=$2 python_dir=$3 port=$4 home=$5
release=$name-v$version

main() {
  echo begin
  if find_base && cd -P "$base"; then
    installation
    settings
    port_holders
    boot_default
    packages
    trees
  fi
  echo end
}

# fact KEYWORD VALUE...: values with a tab before each but the first. Nothing that the box's users can name may
# break out of its line.
fact() {
  printf '%s %s' "$1" "$(one_line "$2")"
  shift 2
  for value; do printf '\t%s' "$(one_line "$value")"; done
  echo
}

one_line() { printf '%s' "$1" | tr '\n\t' '  '; }

find_base() {
  for base in "/opt/$name" "$home"; do
    [ -f "$base/state/mode" ] && return
  done
  return 1
}

installation() {
  username=$(cat state/username)
  fact base "$(pwd)"
  fact mode "$(cat state/mode)"
  fact reader "$(id -u)"
  fact username "$username"
  fact uid "$(id -u "$username")"
  fact base_owner "$(stat -c %u .)"
  fact current "$(readlink current)"
  fact python_link "$(readlink -f "$release/venv/bin/python")"
  [ ! -f "state/complete/$version" ] || fact complete yes
  [ ! -d /run/systemd/system ] || fact systemd yes
  [ ! -r state/supervisor/supervisord.pid ] || fact supervisord "$(cat state/supervisor/supervisord.pid)"
}

# Read, never sourced.
settings() {
  recorded=$(setting PORT)
  port=${recorded:-$port}
  fact port "$port"
  fact nginx "$(setting NGINX)"
  fact server_name "$(setting SERVER_NAME)"
}

setting() { [ ! -f state/settings ] || sed -n "s/^$1=\([A-Za-z0-9.,*-]*\)\$/\1/p" state/settings | sed -n 1p; }

# The kernel's own tables: neither ss nor netstat is needed, and both address families are read alike.
port_holders() {
  port_in_hex=$(printf '%04X' "$port")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    while read -r _ address _ state _ _ _ _ _ inode _; do
      case "$address $state" in
        *":$port_in_hex 0A")
          fact listener "${address%:*}"
          processes_with_socket "$inode" | while read -r pid; do describe_process "${address%:*}" "$pid"; done
          ;;
      esac
    done
}

processes_with_socket() {
  # shellcheck disable=SC2012  # numbers and socket names only
  ls -l /proc/[0-9]*/fd 2>/dev/null |
    sed -n -e '/^\/proc\//h' -e "/socket:\[$1\]\$/{g;s/[^0-9]//g;p;}" | uniq
}

describe_process() {
  fact process "$1" "$2" "$(effective_uid "$2")" "$(readlink "/proc/$2/exe")" "$(readlink "/proc/$2/cwd")" \
    "$(tr '\0' ' ' <"/proc/$2/cmdline")" "$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$2/status")"
}

effective_uid() { sed -n 's/^Uid:[[:space:]]*[0-9]*[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }

boot_default() {
  if [ -d /run/systemd/system ]; then
    for unit in "$name.socket" "$name@$version.service"; do
      fact unit "$unit" "$(systemctl is-enabled "$unit" 2>&1 | sed -n 1p)"
    done
  fi
  # In root mode without systemd it is root's.
  if [ "$(id -u)/$(cat state/mode)" = 0/user ]; then crontab -u "$username" -l; else crontab -l; fi 2>/dev/null |
    sed 's/^/crontab /'
}

packages() {
  for metadata in "$release"/venv/lib/python*/site-packages/*.dist-info/METADATA; do
    [ ! -f "$metadata" ] || fact package "$(field Name "$metadata")" "$(field Version "$metadata")"
  done
}

field() { sed -n -e "s/^$1: //p" -e '/^$/q' "$2"; }

# Only what the bundle brought: venv and instance are made on the box.
trees() {
  members -exec stat -c 'member %f %u %n' {} +
  members -type f -exec sha256sum {} + | sed 's/^/hash /'
  members -type l -print | while IFS= read -r path; do fact link "$path" "$(readlink "$path")"; done
  find "$release" "$python_dir" -name '*[[:cntrl:]]*' -exec echo "member 0 0 (a name with a control character)" \;
}

members() {
  find "$release" "$python_dir" \
    \( -path "$release/venv" -o -path "$release/instance" -o -name '*[[:cntrl:]]*' \) -prune -o "$@"
}

main
