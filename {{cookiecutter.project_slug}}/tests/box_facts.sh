#!/bin/sh
# Everything that the checks need to see of a box, read in one go; it changes and executes nothing there.
# asking.py sends this text to the box's sh, as root where the login may; it is not copied to the box.
#
# Usage: sh -c "$(cat box_facts.sh)" box_facts HOME NAME VERSION PYTHON_DIR PORT [SUPPORT_DIR...]
#   HOME is the login user's home, where user mode has its BASE.
#   PORT is the public one where the box has no other in its settings (state/settings).
#   SUPPORT_DIR: in BASE, what supervisor's wheels are unpacked to.
# Prints one fact a line: a keyword, a space, the value; first `begin`, last `end`.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset CDPATH
home=$1 name=$2 version=$3 python_dir=$4 port=$5
shift 5
release=$name-v$version
units=/etc/systemd/system
tab=$(printf '\t') newline='
'

main() {
  echo begin
  fact clock "$(date +%s)"
  if find_base && cd -P "$base"; then
    installation
    local_python
    settings
    tools
    space
    listeners
    left_over
    boot_default
    packages
    trees "$@"
    places
    system_files
  fi
  echo end
}

# fact KEYWORD VALUE...: values with a tab before each but the first. Nothing that the box's users can name may
# break out of its line.
fact() {
  printf '%s' "$1"
  shift
  separator=' '
  for value; do
    printf '%s' "$separator"
    one_line "$value"
    separator=$tab
  done
  echo
}

one_line() {
  case $1 in
    *"$tab"* | *"$newline"*) printf '%s' "$1" | tr '\n\t' '  ' ;;
    *) printf '%s' "$1" ;;
  esac
}

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
  fact group "$(id -gn "$username")"
  fact base_owner "$(stat -c %u .)"
  fact current "$(readlink current)"
  fact python_link "$(readlink -f "$release/venv/bin/python")"
  fact system_packages "$(system_packages)"
  fact instance "$(readlink -f "$release/instance")"
  fact python_hash "$(sha256sum "$release/venv/bin/python" 2>/dev/null | sed 's/ .*//')"
  [ ! -f "state/complete/$version" ] || fact complete yes
  ! tail -n 1 state/deploy.log 2>/dev/null | grep -q '"event": "stopped"' || fact stopped yes
  [ ! -d /run/systemd/system ] || fact systemd yes
  [ ! -r state/supervisor/supervisord.pid ] || fact supervisord "$(cat state/supervisor/supervisord.pid)"
}

# As pyvenv.cfg says; the environments of Python 2 have a file instead (virtualenv).
system_packages() {
  set -- "$release"/venv/lib/python2*/no-global-site-packages.txt
  if [ -f "$1" ]; then
    echo false
  else
    sed -n 's/^include-system-site-packages *= *//p' "$release/venv/pyvenv.cfg" 2>/dev/null
  fi
}

# The Python that the box itself provides (deploy/setup.sh): its system's, or one that was compiled here.
local_python() {
  [ -d "$python_dir/local" ] || return 0
  series=${python_dir#python-}
  path=$(readlink -f "$python_dir/local/bin/python${series%.*}")
  fact local_python "$path"
  fact local_hash "$(sha256sum "$path" 2>/dev/null | sed 's/ .*//')"
  [ -h "$python_dir/local" ] || fact local_changes "$(cd "$python_dir/local" && local_changes | sed -n 1,5p)"
}

local_changes() {
  sha256sum -c SHA256SUMS 2>/dev/null | sed '/: OK$/d'
  {
    cut -c 67- SHA256SUMS
    find . -type f ! -name SHA256SUMS
  } | sort | uniq -u | sed 's/$/: missing or not listed/'
  find . \( ! -user "$(stat -c %u .)" -o -perm -020 -o -perm -002 \) ! -type l | sed 's/$/: can be changed by others/'
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

# Which of those that some checks need are there.
tools() {
  for tool in nginx logrotate crontab; do
    ! command -v "$tool" >/dev/null 2>&1 || fact "has_$tool" yes
  done
}

space() {
  fact free_kib "$(df -Pk . | awk 'NR == 2 { print $4 }')"
  fact free_inodes "$(df -Pi . 2>/dev/null | awk 'NR == 2 && $2 ~ /^[1-9]/ { print $4 }')"
}

# Of the public port all processes; of others those that run this release's interpreter.
listeners() {
  port_in_hex=$(printf '%04X' "$port")
  listening_sockets | while read -r address number pid; do
    if [ "$number" = "$port_in_hex" ]; then
      fact listener "$address"
      [ "$pid" = 0 ] || describe_process "$address" "$pid"
    elif [ "$pid" != 0 ]; then
      case $(readlink "/proc/$pid/exe") in
        "$PWD/$python_dir/"* | "$PWD/$release/venv/"*) fact other_listener "$address" "$number" "$pid" ;;
        "${path:-/}") [ "$(readlink "/proc/$pid/cwd")" != "$PWD/$release" ] || fact other_listener "$address" "$number" "$pid" ;;
      esac
    fi
  done
}

# ADDRESS PORT PID of each listening TCP socket and process, 0 where none can be seen. The kernel's own tables: neither
# ss nor netstat is needed, and both address families are read alike.
listening_sockets() {
  {
    cat /proc/net/tcp /proc/net/tcp6
    ls -l /proc/[0-9]*/fd
  } 2>/dev/null | awk '
    $4 == "0A" { split($2, part, ":"); place[$10] = part[1] " " part[2]; next }
    /^\/proc\// { split($0, part, "/"); pid = part[3]; next }
    $NF ~ /^socket:\[/ {
      inode = substr($NF, 9, length($NF) - 9)
      if (inode in place && !((inode, pid) in seen)) { seen[inode, pid] = 1; held[inode] = 1; print place[inode], pid }
    }
    END { for (inode in place) if (!(inode in held)) print place[inode], 0 }'
}

# Processes of other releases: by the directory they were started in, and that a release's Python runs them.
left_over() {
  # shellcheck disable=SC2012  # one process for all links
  ls -l /proc/[0-9]*/cwd 2>/dev/null | sed -n 's#.* /proc/\([0-9]*\)/cwd -> #\1 #p' |
    while read -r pid directory; do
      case $directory in
        "$PWD/$release" | "$PWD/$release/"*) continue ;;
        "$PWD/$name-v"*) executable=$(readlink "/proc/$pid/exe") ;;
        *) continue ;;
      esac
      case $executable in
        "$PWD/python-"* | "$PWD/$name-v"* | "${path:-/}") fact left_over "$pid" "$directory" ;;
      esac
    done
}

describe_process() {
  fact process "$1" "$2" "$(effective_uid "$2")" "$(readlink "/proc/$2/exe")" "$(readlink "/proc/$2/cwd")" \
    "$(tr '\0' ' ' <"/proc/$2/cmdline")" "$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$2/status")"
  # shellcheck disable=SC2012  # the names of the two logs only
  ls -l "/proc/$2/fd" 2>/dev/null | sed -n "s#.* -> \($PWD/logs/.*\)#\1#p" | sort -u |
    while IFS= read -r log; do fact open_log "$2" "$log"; done
}

effective_uid() { sed -n 's/^Uid:[[:space:]]*[0-9]*[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }

boot_default() {
  if [ -d /run/systemd/system ]; then
    for unit in "$name.socket" "$name@$version.service" "$name-settle@$version.service" nginx.service; do
      fact unit "$unit" "$(systemctl is-enabled "$unit" 2>&1 | sed -n 1p)"
    done
    for unit in "$name.socket" "$name@$version.service"; do
      fact reload "$unit" "$(systemctl show --property NeedDaemonReload "$unit" | sed 's/.*=//')"
    done
    for unit in "$units/multi-user.target.wants/$name@"*.service; do
      [ ! -h "$unit" ] || fact enabled "${unit##*/}"
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

# What the bundle brought; its virtual environment, apart from byte code, which pip made of the rest; supervisor.
trees() {
  describe_tree "$release" "$python_dir" "$@" \( -path "$release/venv" -o -path "$release/instance" -o -path "$python_dir/local" \
    -o -name '*[[:cntrl:]]*' \) -prune -o
  describe_tree "$release/venv" \( -name '*[[:cntrl:]]*' -o -name '*.pyc' \) -prune -o
  find "$release" "$python_dir" "$@" -name '*[[:cntrl:]]*' -exec echo "member 0 0 (a name with a control character)" \; 2>/dev/null
  find "$release/venv" -name '*.pyc' -exec stat -c 'member %f %u %n' {} + 2>/dev/null
}

# describe_tree FIND_ARGUMENTS...
describe_tree() {
  find "$@" -exec stat -c 'member %f %u %n' {} + 2>/dev/null
  find "$@" -type f -exec sha256sum {} + 2>/dev/null | sed 's/^/hash /'
  find "$@" -type l -print 2>/dev/null | while IFS= read -r path; do fact link "$path" "$(readlink "$path")"; done
}

# What outlives releases, by type, mode and owner only.
places() {
  stat -c 'place %f %u %n' shared shared/app.env shared/data logs logs/access.log logs/error.log run state 2>/dev/null
}

# What was written outside of BASE, and logrotate's settings of user mode.
system_files() {
  for path in "$units/$name.socket" "$units/$name.socket.d/current.conf" "$units/$name@.service" "$units/$name-check@.socket" \
    "$units/$name-candidate@.socket" "$units/$name-candidate@.service" "$units/$name-settle@.service" \
    "/etc/nginx/conf.d/$name.conf" "/etc/nginx/$name-offline-flask.snippet" "/etc/logrotate.d/$name" "$PWD/state/logrotate.conf"; do
    [ ! -e "$path" ] || { stat -c 'place %f %u %n' "$path" && sha256sum "$path" | sed 's/^/hash /'; } 2>/dev/null
  done
}

main "$@"
