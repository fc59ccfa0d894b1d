#!/bin/sh
# setup.sh: install one release from its bundle on this box and put it in service.
#
# Usage: sh setup.sh [--check] VERSION USERNAME [SETTING=VALUE…]
#
#   --check    only tell what this box lacks, all of it at once, and which row of targets.json it is; change nothing
#   VERSION    the version in the bundle's name, NAME-vVERSION.tar.gz, or in that of a smaller form of it:
#              NAME-vVERSION.tar.xz, or a delta, NAME-vVERSION-since-BASE.delta
#   USERNAME   the account that the application runs as
#   SETTING    of this box, remembered until it is given again; an empty VALUE is the default again:
#     PORT         where gunicorn listens on 127.0.0.1; default 1337
#     SERVER_NAME  names that nginx answers to, with commas between them; default: any
#     NGINX        site: a server on port 80; snippet: a file for a server block of your own; none; default site
#     WORKERS      gunicorn's processes; default: twice the processors and one, at most 9
#     THREADS      threads of each; default 4
#
# The bundle lies in the current directory, with its sidecar NAME-vVERSION.tar.gz.sha256 beside it. Where the box has a
# release key, BASE/state/release-key.pem, the sidecar must be signed with it: NAME-vVERSION.tar.gz.sha256.sig.
# A delta is completed with the files of the release that it names, which must be installed here as it was built; what
# comes out is checked as a whole bundle is, and the same. Where several are here, the first of these is taken that this
# box can unpack.
# Run as root: everything goes below /opt/NAME, systemd and nginx are set up. Run as USERNAME: everything
# goes below that account's home, and nothing of root's is touched.
#
# This file does only what must happen before there is a Python: it checks the arguments, the bundle and
# the box, unpacks the bundle beside what is installed, and hands over to the bundle's own interpreter. If the bundle brings
# only the source of that, it is compiled now, once; if it brings none, this box must have that Python.
# Until then nothing on the box is changed; a release in service is never touched by a failure.
# The signature and the hashes come before anything of the bundle is read, and once more on the copy that is unpacked.
#
# Environment: HOME, where USERNAME runs it; everything else is cleared.
#
# Exit codes: 0 VERSION is in service, or --check found no gap; 1 the new release was refused, the old one still serves; 64 usage;
#   65 the bundle is damaged or not what it says; 69 there is no bundle here; 70 internal, or compiling Python failed; 73 a write failed;
#   75 another deployment runs; 78 this box lacks something, all of it listed.
set -eu
umask 022
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
LC_ALL=C
export PATH LC_ALL
# Whatever it is: an option for tar, a library to load, a variable or a function of this script's own. Shells keep some to themselves.
for variable in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
  case $variable in
    HOME | PATH | LC_ALL | SUDO_USER | PWD | OLDPWD | SHLVL | _ | UID | EUID | PPID | SHELLOPTS | BASHOPTS) ;;
    *) unset "$variable" ;;
  esac
done
for function in $(env | sed -n 's/^BASH_FUNC_\([A-Za-z_][A-Za-z0-9_]*\)\(%%\|()\)=.*/\1/p'); do unset -f "$function"; done

version_pattern='^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'
username_pattern='^[a-z_][a-z0-9_.-]{0,31}$'
tools='awk cmp cut date df env find flock getconf grep gzip head mktemp readlink sed sha256sum sort stat tar tr uname uniq wc xargs'
# A signed sidecar, its signature and a BUNDLE are some hundred bytes.
longest_small_file=16384
newline='
'

main() {
  require_tools
  parse_arguments "$@"
  find_tarball
  choose_base
  check_box
  [ "$only_check" = no ] || exit 0
  take_lock
  copy_bundle
  stop_if_installed
  finish_decompressing
  check_members
  unpack
  complete_delta
  make_bytecode
  check_unpacked
  provide_python
  put_in_place
  hand_over install
}

step() { printf '==> %s\n' "$*"; }
detail() { printf '    %s\n' "$*"; }
warning() { printf 'warning: %s\n' "$*" >&2; }
# What the release says where it sets these up, so that an installation says it once.
foretell() { [ "$only_check" = no ] || warning "$@"; }

# fail STATUS MESSAGE: the only way out with an error; clean_up runs on exit. What a message quotes may be anybody's
# text: control characters could make a terminal show something else.
fail() {
  status=$1
  shift
  printf 'error: %s\n' "$*" | tr '\000-\010\013-\037\177' '?' >&2
  exit "$status"
}

require_tools() {
  missing=''
  for tool in $tools; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
  done
  [ -z "$missing" ] || fail 78 "commands are missing here; install them from the system's packages:$missing"
}

help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

usage() {
  sed -n '/^# Usage:/,/^# Exit/s/^# \{0,1\}//p' "$0" | sed '$d' >&2
  fail 64 "$1"
}

# matches TEXT PATTERN: one line, and all of it.
matches() {
  case $1 in *"$newline"*) return 1 ;; esac
  printf '%s\n' "$1" | grep -Eq "$2"
}

# value_of KEY LINES: of KEY=value lines. It is asked for so often that starting sed each time would take longer than the rest.
value_of() {
  lines=$newline$2
  case $lines in *"$newline$1="*) lines=${lines#*"$newline$1="} && printf '%s\n' "${lines%%"$newline"*}" ;; esac
}

parse_arguments() {
  only_check=no
  case ${1:-} in -h | --help) help && exit 0 ;; esac
  [ "${1:-}" != --check ] || { only_check=yes && shift; }
  case ${1:-} in -*) usage "setup.sh has no option '$1'" ;; esac
  [ $# -ge 2 ] || usage "setup.sh takes VERSION and USERNAME, not $# arguments"
  version=$1 username=$2
  shift 2
  matches "$version" "$version_pattern" ||
    usage "VERSION '$version' is not a version: letters, digits, '.', '_' and '-', at most 64, the first a letter or digit"
  matches "$username" "$username_pattern" ||
    usage "USERNAME '$username' is not an account name"
  settings=''
  for setting; do parse_setting "$setting"; done
}

# The same as in release/settings.py, which reads them for good.
parse_setting() {
  case $1 in
    *=) pattern='^(PORT|SERVER_NAME|NGINX|WORKERS|THREADS)=$' takes='a name that setup.sh knows before the =' ;;
    PORT=*) takes='a number from 1 to 65535' pattern='^PORT=([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$' ;;
    SERVER_NAME=*) takes='names with commas between them, at most 16' pattern='^SERVER_NAME=[A-Za-z0-9*][A-Za-z0-9.*-]{0,252}(,[A-Za-z0-9*][A-Za-z0-9.*-]{0,252}){0,15}$' ;;
    NGINX=*) takes='site, snippet or none' pattern='^NGINX=(site|snippet|none)$' ;;
    WORKERS=* | THREADS=*) takes='a number from 1 to 999' pattern='^(WORKERS|THREADS)=[1-9][0-9]{0,2}$' ;;
    *) usage "'$1' is not a setting that setup.sh knows" ;;
  esac
  matches "$1" "$pattern" || usage "'$1' is not a value for that setting, which takes $takes"
  settings=$settings$1$newline
}

# setting KEY DEFAULT: as given now, else as remembered.
setting() {
  remembered=$(cat "$state/settings" 2>/dev/null || true)
  printf '%s\n' "$remembered" "$settings" | awk -v key="$1" -v standard="$2" '
    index($0, key "=") == 1 { value = substr($0, length(key) + 2) }
    END { print value == "" ? standard : value }'
}

find_tarball() {
  tarball=''
  take_only ./*-v"$version".tar.gz
  [ -n "$tarball" ] || ! command -v xz >/dev/null || take_only ./*-v"$version".tar.xz
  [ -n "$tarball" ] || take_only ./*-v"$version"-since-*.delta
  [ -n "$tarball" ] || take_only ./*-v"$version".tar.xz
  [ -n "$tarball" ] ||
    fail 69 "there is no bundle NAME-v$version.tar.gz in $(pwd); copy it here, or change to the directory that has it"
  file=${tarball#./}
  [ ! -f "${file%.gz}.xz" ] || detail "$file is taken; ${file%.gz}.xz, which lies here too, is left alone"
  name=${file%-v"$version".tar.gz}
  name=${name%-v"$version".tar.xz}
  name=${name%-v"$version"-since-*.delta}
  case $file in *.xz) unpacker=xz ;; *) unpacker=gzip ;; esac
  matches "$name" '^[a-z][a-z0-9_-]{0,31}$' || fail 65 "'$name' in $tarball is not the name of an application"
  release=$name-v$version
}

take_only() {
  for candidate; do
    [ -f "$candidate" ] || continue
    [ -z "$tarball" ] || fail 64 "several bundles of version $version are here: $tarball and $candidate; leave only one"
    tarball=$candidate
  done
}

choose_base() {
  if [ "$(id -u)" -eq 0 ]; then
    mode=root base=/opt/$name
  elif [ "$(id -un)" = "$username" ]; then
    mode=user base=${HOME%/}
  else
    fail 64 "run setup.sh as root or as $username, not as $(id -un)"
  fi
  # crontab, supervisord and virtual environments name it unquoted.
  matches "$base" '^(/[A-Za-z0-9_@+,.-]+)+$' || fail 78 "the home of $username, '$base', is not a plain path; give the account another"
  state=$base/state release_key=$base/state/release-key.pem
  port=$(setting PORT 1337) nginx=$(setting NGINX site)
  nearest=$base
  while [ ! -e "$nearest" ]; do nearest=$(dirname "$nearest"); done
}

# ---- Whose bundle it is. FILE is it where it lies, and then the copy; .sha256 and .sha256.sig lie beside each.

# authenticate FILE
authenticate() {
  for small in "$1.sha256" "$1.sha256.sig"; do
    [ ! -f "$small" ] || [ "$(head -c $((longest_small_file + 1)) "$small" | wc -c)" -le "$longest_small_file" ] ||
      fail 65 "${small##*/} is longer than such a file can be"
  done
  check_signature "$1"
  check_hash "$1"
}

# `openssl dgst` does it in every openssl since 0.9.8, CentOS 5's.
check_signature() {
  [ -e "$release_key" ] || return 0
  ! is_head_alone "$1" || return 0
  [ -f "$1.sha256" ] && [ -f "$1.sha256.sig" ] ||
    fail 65 "this box takes signed bundles only ($release_key); bring $tarball.sha256 and $tarball.sha256.sig, made with SIGN_KEY=… make tarball"
  openssl dgst -sha256 -verify "$release_key" -signature "$1.sha256.sig" "$1.sha256" >/dev/null 2>&1 ||
    fail 65 "$tarball.sha256.sig is not the signature of $tarball.sha256 by the key that this box trusts, $release_key"
}

# make preflight brings the head of a bundle, of which nothing is unpacked, and no sidecar.
is_head_alone() { [ "$only_check" = yes ] && [ ! -f "$1.sha256" ]; }

check_hash() {
  [ ! -f "$1.sha256" ] || [ "$(sha256sum <"$1" | sed 's/ .*//')" = "$(sidecar_hash "$1" "$file")" ] ||
    fail 65 "$tarball is not what $tarball.sha256 says: it was damaged or changed; copy both again"
}

# sidecar_hash FILE NAME
sidecar_hash() { awk -v name="$2" '$2 == name { print $1 }' "$1.sha256"; }

tell_whose_it_is() {
  if is_head_alone "$tarball"; then
    [ ! -e "$release_key" ] || detail "this box takes signed bundles only; a check of the head alone does not see the signature"
  elif [ -e "$release_key" ]; then
    detail "signed by the key that this box trusts"
  elif [ ! -f "$tarball.sha256" ]; then
    warning "$tarball.sha256 is not here: the bundle is checked against its own list only"
  fi
}

# The head of the bundle says what it needs; it is parsed, never sourced. It comes first, so that not much is decompressed.
# read_head FILE [NAME]
read_head() {
  "$unpacker" -dc <"$1" 2>/dev/null | head -c $((longest_small_file + 8192)) | tar -xOf - "$release/${2:-BUNDLE}" 2>/dev/null |
    head -c "$longest_small_file" | tr '\000-\011\013-\037\177' '?'
}

read_bundle() {
  step "Reading $tarball"
  authenticate "$tarball"
  tell_whose_it_is
  bundle=$(read_head "$tarball")
  [ -n "$bundle" ] || fail 65 "$tarball is truncated, or does not begin with $release/BUNDLE: build it again, or copy it again"
  # What reads it later might take the other one.
  [ -z "$(printf '%s\n' "$bundle" | sed 's/=.*//' | sort | uniq -d)" ] ||
    fail 65 "$tarball is refused: its BUNDLE says something twice"
  [ "$(bundle_value FORMAT)" = 1 ] || fail 65 "$tarball has a format that this setup.sh does not know; use the setup.sh it was built with"
  [ "$(bundle_value NAME)/$(bundle_value VERSION)" = "$name/$version" ] ||
    fail 65 "$tarball says that it is $(bundle_value NAME) version $(bundle_value VERSION): its file name is wrong"
  python=$(bundle_value PYTHON)
  python_dir=$(bundle_value PYTHON_DIR)
  matches "$python" '^[0-9]+\.[0-9]+\.[0-9]+$' || fail 65 "BUNDLE names no Python version"
  matches "$python_dir" "^python-$python-[0-9a-f]{12}\$" || fail 65 "BUNDLE names no interpreter"
  for key in UNPACKED_BYTES:15 MEMBERS:7; do
    matches "$(bundle_value "${key%:*}")" "^[1-9][0-9]{0,$((${key#*:} - 1))}\$" || fail 65 "BUNDLE has no number for ${key%:*}"
  done
  matches "$(bundle_value GLIBC)" '^([0-9]{1,3}\.[0-9]{1,3})?$' || fail 65 "BUNDLE names no version of glibc"
  # For each member: its header, padding to whole blocks, headers of a long name, and its lines in SHA256SUMS and MANIFEST,
  # which UNPACKED_BYTES does not count.
  most=$(($(bundle_value UNPACKED_BYTES) + $(bundle_value MEMBERS) * 4096 + 65536))
  interpreter_mode=$(bundle_value INTERPRETER) short_python=python${python%.*}
  matches "$interpreter_mode" '^(|prebuilt|archive|source|none)$' || fail 65 "BUNDLE names no way to come by an interpreter"
  matches "$(bundle_value COMPILING_NEEDS)" '^([a-z/][a-zA-Z0-9/._+-]*:[a-z0-9][a-zA-Z0-9.+-]* ?)*$' || fail 65 "BUNDLE names no packages"
  interpreter=$base/$python_dir/bin/$short_python others=''
  case $interpreter_mode in source | none) others=$python_dir/local ;; esac
  read_delta
}

bundle_value() { value_of "$1" "$bundle"; }

read_delta() {
  delta=''
  case $file in *.delta) ;; *) return 0 ;; esac
  delta=$(read_head "$tarball" DELTA/BASE)
  since=$(delta_value VERSION)
  matches "$since" "$version_pattern" && matches "$(delta_value SHA256SUMS)" '^[0-9a-f]{64}$' ||
    fail 65 "$tarball does not say which release it is to be completed from"
  former=$name-v$since instead="bring the whole bundle, $release.tar.gz, instead of $file"
}

delta_value() { value_of "$1" "$delta"; }

# ---- What the box must have; every gap is listed in one message, and nothing is touched.

check_box() {
  step "Checking this box"
  gaps='' bundle=''
  check_release_key
  [ -n "$gaps" ] || check_bundle
  check_mode
  check_owner
  check_account
  check_executable
  check_clock
  [ "$(bundle_value SERVICE)" = none ] || check_service
  [ "$only_check" = no ] || [ -z "$bundle" ] || describe_target
  [ -z "$gaps" ] || fail 78 "this box is not ready for $release:$gaps"
  [ "$only_check" = no ] || detail "nothing is missing"
}

gap() {
  gaps="$gaps
    - $1"
}

# Of a bundle that serves nothing, such as the kit's, nothing of this is asked.
check_service() {
  check_memory
  check_service_manager
  check_port
  check_nginx
  check_logrotate
}

# What it needs, if it may be read.
check_bundle() {
  if ! command -v "$unpacker" >/dev/null 2>&1; then
    gap "the command $unpacker, which unpacks $file, is missing; install it (package xz or xz-utils), or bring $release.tar.gz"
    return
  fi
  read_bundle
  check_machine
  check_glibc
  check_python
  check_space
  check_former_release
}

# first_changed RELEASE: the first file of it that is not as SHA256SUMS says
first_changed() { (cd "$base" && sha256sum -c "$1/SHA256SUMS" 2>/dev/null) | sed -n '/: OK$/!{s/: FAILED.*//p;q;}'; }

# What a delta is completed from. Only a check looks at every file: installing checks what came out.
check_former_release() {
  [ -n "${delta:-}" ] && [ ! -f "$state/complete/$version" ] || return 0
  if [ ! -f "$state/complete/$since" ]; then
    gap "release $since, which $file is to be completed from, is not installed here; $instead"
  elif [ "$(sha256sum <"$base/$former/SHA256SUMS" | sed 's/ .*//')" != "$(delta_value BASE_SHA256SUMS)" ]; then
    gap "$base/$former is another release $since than $file is to be completed from; $instead"
  elif [ "$only_check" = yes ]; then
    changed=$(first_changed "$former")
    [ -z "$changed" ] || gap "$base/$changed is not what release $since brought; $instead"
  fi
}

check_mode() {
  if [ -f "$state/mode" ] && [ "$(cat "$state/mode")" != $mode ]; then
    gap "$base was installed in $(cat "$state/mode") mode; run setup.sh the same way, the two are never mixed"
  elif [ -f "$state/username" ] && [ "$(cat "$state/username")" != "$username" ]; then
    gap "$name runs here as $(cat "$state/username"), not as $username"
  elif [ $mode = user ] && [ -f "/opt/$name/state/mode" ]; then
    gap "$name is installed by root in /opt/$name; run setup.sh as root"
  fi
}

# Whoever can change BASE decides what runs from it.
check_owner() {
  if [ $mode = user ]; then
    [ -w "$base" ] || gap "$username cannot write in its home, $base"
  elif [ -n "$(find "$base" "$state" -prune \( ! -user 0 -o -perm -020 -o -perm -002 \) 2>/dev/null)" ]; then
    gap "$base is not root's alone: chown root:root $base $state; chmod go-w $base $state"
  fi
}

check_account() {
  if ! id "$username" >/dev/null 2>&1; then
    gap "there is no account $username; make it: useradd --create-home $username"
  elif [ "$(id -u "$username")" -eq 0 ]; then
    gap "$username is root; the application needs an account of its own: useradd --create-home $name"
  fi
}

# A key that cannot be used must not count as no key at all.
check_release_key() {
  [ -e "$release_key" ] || [ -L "$release_key" ] || return 0
  if ! command -v openssl >/dev/null 2>&1; then
    gap "openssl, which checks signatures with $release_key, is missing; install it"
  elif ! openssl rsa -pubin -in "$release_key" -noout 2>/dev/null; then
    gap "$release_key is not an RSA public key in PEM; put the one that make keygen wrote there"
  fi
}

# CAP_SYS_PTRACE is bit 19 (capabilities(7), linux/capability.h).
sees_processes() { [ $((0x0$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> 19 & 1)) -eq 1 ]; }

check_machine() {
  [ $mode = user ] || sees_processes ||
    gap "root lacks the capability SYS_PTRACE here, and cannot see what runs from which release; add it to the container"
  [ "$(bundle_value ARCH)" = "$(uname -m)" ] ||
    gap "the bundle is for $(bundle_value ARCH), this machine is $(uname -m); build it for this machine"
}

check_glibc() {
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | awk '{ print $2 }')
  floor=$(bundle_value GLIBC)
  if [ -z "$glibc" ]; then
    gap "this system has no GNU C library, which the bundle needs"
  elif [ "$(printf '%s\n%s\n' "$floor" "$glibc" | sort -t . -k 1,1n -k 2,2n | sed -n 1p)" != "$floor" ]; then
    gap "glibc is $glibc, but $(bundle_value GLIBC_FILE) needs $floor; build for this system"
  fi
}

# ---- The interpreter that the bundle does not bring: `local` in its directory is compiled (mode source), or leads to one (mode none).

check_python() {
  box_python=$base/$python_dir/local
  case $interpreter_mode in
    source) [ -f "$box_python/SHA256SUMS" ] || check_compiling ;;
    none) find_python ;;
  esac
}

# COMPILING_NEEDS lists PROBE:PACKAGE; a PROBE is a header or a command.
check_compiling() {
  missing='' packages=''
  for need in bash:bash setsid:util-linux $(bundle_value COMPILING_NEEDS); do
    has_what_compiling_needs "${need%%:*}" "${need#*:}" || missing="$missing ${need%%:*}" packages="$packages ${need#*:}"
  done
  [ -z "$missing" ] || gap "compiling Python $python, whose source this bundle brings, needs$missing: $(package_command)$packages"
}

has_what_compiling_needs() { # has_what_compiling_needs PROBE PACKAGE
  case $1 in
    *.h) printf '#include <%s>\n' "$1" | gcc -E -x c - >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac || dpkg-query -W -f '${db:Status-Status}\n' "$2" 2>/dev/null | grep -qx installed || rpm -q "$2" >/dev/null 2>&1
}

package_command() {
  for manager in apt-get dnf yum; do
    ! command -v $manager >/dev/null 2>&1 || { echo "$manager install" && return; }
  done
  echo "install"
}

# The one that an earlier deployment found, one that an earlier release brought, or the system's.
find_python() {
  python_prefix='' problems=''
  for candidate in "$box_python/bin/$short_python" "$base/python-$python-"*"/bin/$short_python" "$base/python-${python%.*}."*"/bin/$short_python" \
    "$(command -v "$short_python" 2>/dev/null)"; do
    case $candidate in "$base/$python_dir/bin/"*) continue ;; esac
    [ -x "$candidate" ] || continue
    if problem=$("$candidate" -E -s -B -c "$python_probe" "$(bundle_value PYTHON_ABI)" 2>&1); then
      python_prefix=$(prefix_of "${candidate%/bin/*}") && return
    fi
    problems="$problems; $candidate is not it: $(printf '%s\n' "$problem" | sed -n '$p')"
  done
  gap "this bundle brings no Python, and no Python ${python%.*} is here: $(package_command) $short_python, or build with INTERPRETER=prebuilt$problems"
}

# What stands for an interpreter in BASE leads on by its own `local`.
prefix_of() {
  case $1 in
    "$base/python-"*) if [ -d "$1/local/bin" ]; then (cd -P "$1/local" && pwd); else (cd -P "$1" && pwd); fi ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# What the release, pip and most applications import, and the ABI that the wheels are for (as in describe-python.sh).
python_probe='
import sys, sysconfig, ctypes, hashlib, json, sqlite3, ssl, zlib
if sys.version_info[0] > 2:
    import venv
soabi = sysconfig.get_config_var("SOABI")
abi = "cp" + soabi.split("-")[1] if soabi else "cp27m" + "u" * (sys.maxunicode > 65535)
sys.exit("its ABI is " + abi + ", not " + sys.argv[1] if abi != sys.argv[1] else 0)'

# Staging holds the bundle, which is no larger than what is in it (with --check only its head is here), its tar and what that
# unpacks to; later, in their place, the virtual environment and its byte code. Compiling 3.11.2 and 3.14.7 took up to 290 MiB
# and 8,000 files.
check_space() {
  need=$((($(bundle_value UNPACKED_BYTES) * 2 + most) / 1024)) files=$(($(bundle_value MEMBERS) * 2))
  if [ "$interpreter_mode" = source ] && [ ! -f "$box_python/SHA256SUMS" ]; then
    need=$((need + 409600)) files=$((files + 10000))
  fi
  free=$(df -Pk "$nearest" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$need" ] || gap "$nearest has $free KiB free, $need KiB are needed"
  inodes=$(df -Pi "$nearest" 2>/dev/null | awk 'NR == 2 && $2 ~ /^[1-9]/ { print $4 }')
  [ "${inodes:-999999999}" -ge "$files" ] || gap "$nearest has $inodes inodes free, $files are needed"
}

# Two releases run side by side for a moment. What the one in service takes is measured; before there is one, 20 MiB
# are assumed for gunicorn and for each worker: the skeleton's Flask app takes 17 (proportional set size, Python 3.11).
check_memory() {
  available=$(awk '/^MemAvailable:/ { exact = $2 } /^(MemFree|Buffers|Cached):/ { about += $2 } END { printf "%d\n", exact ? exact : about }' /proc/meminfo)
  in_service=$(memory_in_service)
  if [ "$in_service" -gt 0 ]; then need=$in_service; else need=$(($(worker_count) * 20480 + 20480)); fi
  [ "$available" -ge "$need" ] || gap "$available KiB of memory are available, a release beside the one in service needs $need KiB"
}

# As in gunicorn.conf.py.
worker_count() {
  processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
  setting WORKERS $((processors < 4 ? 2 * processors + 1 : 9))
}

# Proportional set sizes (proc(5)) of what runs in the directory that `current` names; 0 where they cannot be read.
memory_in_service() {
  link="/cwd -> $base/$(readlink "$base/current" 2>/dev/null || echo none)"
  # shellcheck disable=SC2012  # numbers and the one name only
  for pid in $(ls -l /proc/[0-9]*/cwd 2>/dev/null |
    awk -v link="$link" 'substr($0, length($0) - length(link) + 1) == link { sub(/\/cwd -> .*/, ""); sub(/.*\//, ""); print }'); do
    cat "/proc/$pid/smaps" 2>/dev/null || true
  done | awk '/^Pss:/ { sum += $2 } END { printf "%d\n", sum }'
}

# Only BASE: nothing of a release is executed in /tmp.
check_executable() {
  mount=$(df -P "$nearest" | awk 'NR == 2 { print $NF }')
  ! awk -v mount="$mount" '$2 == mount { options = $4 } END { exit options !~ /(^|,)noexec(,|$)/ }' /proc/mounts ||
    gap "$mount is mounted noexec, so nothing can run from $base: mount -o remount,exec $mount, and mend /etc/fstab"
}

check_service_manager() {
  [ $mode = user ] || [ ! -d /run/systemd/system ] || return 0
  if ! command -v crontab >/dev/null 2>&1; then
    foretell "there is no crontab: nothing will start $name after a reboot, and nothing rotates its logs; install cron"
  fi
}

# ---- Who listens where, from the kernel's own tables: neither ss nor netstat is needed.

check_port() {
  [ $mode = root ] || [ "$port" -ge 1024 ] || gap "PORT=$port is below 1024, which only root may open"
  for pid in $(port_holders "$port"); do
    is_ours "$pid" || { gap "port $port is held by $(describe_process "$pid"); stop it, or choose another: PORT=…" && return; }
  done
}

# port_holders PORT: the numbers of the processes, or 0 where they cannot be seen.
port_holders() {
  # shellcheck disable=SC2013  # each a number
  for inode in $(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port="$(printf '%04X' "$1")" '$4 == "0A" && $2 ~ ":" port "$" { print $10 }'); do
    # shellcheck disable=SC2012  # numbers and socket names only
    ls -l /proc/[0-9]*/fd 2>/dev/null |
      awk -v socket="socket:[$inode]" '/^\/proc\// { split($0, part, "/") } $NF == socket { print part[3]; found = 1 } END { if (!found) print 0 }'
  done | sort -u
}

# Of this application, its service manager's, or a gunicorn that the account started by hand and that is taken over.
is_ours() {
  [ "$1" -ne 0 ] || return 1
  [ "$1" -ne 1 ] || { systemctl is-active --quiet "$name.socket" 2>/dev/null && return; }
  # supervisord marks what it starts; one of these only keeps the port open.
  ! tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | grep -q "^SUPERVISOR_SERVER_URL=unix://$state/supervisor/" || return 0
  owner=$(stat -c %u "/proc/$1" 2>/dev/null) || return 0
  account=$(id -u "$(cat "$state/username" 2>/dev/null || echo "$username")" 2>/dev/null)
  case $(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null) in
    *"$base/$name-v"* | *"$base/run/"* | *"$base/state/"*) [ "$owner" = 0 ] || [ "$owner" = "$account" ] ;;
    *gunicorn*) [ "$owner" = "$account" ] ;;
    *) return 1 ;;
  esac
}

describe_process() {
  if [ "$1" -eq 0 ]; then
    echo "a process of another account"
  elif [ "$1" -eq 1 ] && [ -d /run/systemd/system ]; then
    echo "systemd for another service, such as another app of this kind (systemctl list-sockets names it)"
  else
    echo "process $1 ($(tr -c '[:print:]' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c 1-200 | sed 's/ *$//'))"
  fi
}

# ---- What stands before gunicorn

check_nginx() {
  [ $mode = root ] && [ "$nginx" != none ] || return 0
  if ! command -v nginx >/dev/null 2>&1; then
    foretell "nginx is not installed: nothing will answer on port 80; install nginx, then run setup.sh again"
    return
  fi
  check_selinux
  [ "$nginx" = site ] || return 0
  for pid in $(port_holders 80); do
    case $(cat "/proc/$pid/comm" 2>/dev/null) in
      nginx) ;;
      *) gap "port 80, which nginx needs, is held by $(describe_process "$pid"); stop it, or choose NGINX=none" && break ;;
    esac
  done
  check_firewall
}

# SELinux keeps nginx from connecting to gunicorn, which shows as 502 Bad Gateway.
check_selinux() {
  [ "$(getenforce 2>/dev/null)" = Enforcing ] || return 0
  case $(getsebool httpd_can_network_connect 2>/dev/null) in
    *on) ;;
    *) gap "SELinux does not let nginx pass requests to gunicorn: setsebool -P httpd_can_network_connect 1" ;;
  esac
}

check_firewall() {
  [ "$(firewall-cmd --state 2>/dev/null)" = running ] || return 0
  firewall-cmd --query-service=http >/dev/null 2>&1 || firewall-cmd --query-port=80/tcp >/dev/null 2>&1 ||
    warning "firewalld lets nobody in to port 80: firewall-cmd --permanent --add-service=http && firewall-cmd --reload"
}

# ---- The rest

# 2020-01-01: older than this project. A clock that runs behind the last deployment confuses the order of releases.
check_clock() {
  now=$(date +%s)
  if [ "$now" -lt 1577836800 ]; then
    gap "the clock says $(date '+%Y-%m-%d'); set it: date -s 'YYYY-MM-DD HH:MM'"
  elif [ -f "$state/deploy.log" ] && [ -n "$(find "$state/deploy.log" -newer /proc/self/stat 2>/dev/null)" ]; then
    warning "the clock says $(date '+%Y-%m-%d %H:%M'), which is before the last deployment here; set it"
  fi
}

check_logrotate() {
  command -v logrotate >/dev/null 2>&1 ||
    foretell "logrotate is not installed: $base/logs will grow without end; install logrotate, then run setup.sh again"
}

# In the words of targets.json, from files that are read and never sourced.
describe_target() {
  os=$(os_release ID) os_version=$(os_release VERSION_ID)
  if [ -f /etc/redhat-release ] && { [ -z "$os" ] || [ "$os" = centos ]; }; then
    os=centos os_version=$(sed -n '1s/.*release \([0-9]*\(\.[0-9]*\)\{0,1\}\).*/\1/p' /etc/redhat-release)
  fi
  case $(uname -m) in
    *64*) bit=64 ;;
    *) bit=32 ;;
  esac
  detail "the row of targets.json for this box: { \"os\": \"$os\", \"version\": \"$os_version\", \"bit\": \"$bit\", \"python\": [\"$python\"] }"
}

os_release() {
  [ ! -f /etc/os-release ] || sed -n "s/^$1=//p" /etc/os-release | tr -cd 'a-z0-9.\n' | sed -n 1p
}

# ---- From here on this run owns BASE.

# flock(2) locks go with the last process that has the file open: a killed holder leaves none behind.
take_lock() {
  trap clean_up EXIT
  trap 'exit 70' HUP INT TERM
  created=''
  for directory in "${base%/*}" "$base" "$state"; do
    [ -d "$directory" ] || { mkdir "$directory" && created="$directory $created"; } || fail 73 "cannot make $directory"
  done
  exec 9>>"$state/lock" || fail 73 "cannot write $state/lock"
  flock -n 9 || fail 75 "another deployment runs: $(lock_holder); try again when it is done"
  printf '%s\n' "setup.sh $version, process $$, started by ${SUDO_USER:-$(id -un)} at $(date '+%Y-%m-%d %H:%M:%S')" >"$state/lock.holder.new" &&
    mv "$state/lock.holder.new" "$state/lock.holder" || { rm -f "$state/lock.holder.new" && fail 73 "cannot write in $state"; }
  # Nobody else works here now, so any staging directory is a killed run's.
  rm -rf "$state"/staging.*
  staging=$(mktemp -d "$state/staging.XXXXXX") || fail 73 "cannot write in $state"
}

# Whoever has just taken the lock has not said so yet: a name whose process is gone is asked for again after a second.
lock_holder() {
  for pause in 0 1; do
    sleep $pause
    holder=$(cat "$state/lock.holder" 2>/dev/null || echo unknown)
    number=${holder#*process }
    [ ! -d "/proc/${number%%[!0-9]*}/fd" ] || break
  done
  printf '%s\n' "$holder"
}

clean_up() {
  [ -z "${decompressing:-}" ] || wait "$decompressing" 2>/dev/null || true
  [ -z "${compiler:-}" ] || { kill -KILL "-$compiler" && wait "$compiler"; } 2>/dev/null || true
  [ -z "${staging:-}" ] || rm -rf "$staging"
  [ -z "$created" ] || [ -f "$state/mode" ] || rm -f "$state/lock" "$state/lock.holder"
  for directory in $created; do rmdir "$directory" 2>/dev/null || true; done
}

# What is checked is what is unpacked: a copy that nobody else can write.
copy_bundle() {
  step "Checking the bundle"
  copy=$staging/$file
  for suffix in '' .sha256 .sha256.sig; do
    [ ! -f "$tarball$suffix" ] || cp "$tarball$suffix" "$copy$suffix" || fail 73 "cannot copy $tarball$suffix to $staging"
  done
  # On another processor meanwhile; what comes out is not looked at before it is known whose it is. Where a signature is asked
  # for, what is not signed does not even reach gzip or xz.
  [ -f "$state/complete/$version" ] || [ -e "$release_key" ] || start_decompressing
  authenticate "$copy"
  [ "$(read_head "$copy")" = "$bundle" ] && { [ -z "$delta" ] || [ "$(read_head "$copy" DELTA/BASE)" = "$delta" ]; } ||
    fail 65 "$tarball was changed while it was read; copy it again"
}

stop_if_installed() {
  [ -f "$state/complete/$version" ] || return 0
  brought=$(hash_of_sums) || exit $?
  [ "$(sha256sum <"$base/$release/SHA256SUMS" | sed 's/ .*//')" = "$brought" ] ||
    fail 65 "$release is installed already, with other content; give the new one a version of its own"
  detail "$release is installed already"
  changed=$(first_changed "$release")
  [ -z "$changed" ] ||
    warning "$base/$changed is not what $release brought, and it is not unpacked again: see \"Damaged\" in box.md"
  hand_over activate
}

hash_of_sums() {
  if [ -f "$copy.sha256" ]; then
    sidecar_hash "$copy" "$release/SHA256SUMS"
  elif [ -n "$delta" ]; then
    delta_value SHA256SUMS
  else
    finish_decompressing
    tar -xOf "$staging/bundle.tar" "$release/SHA256SUMS" 2>/dev/null | sha256sum | sed 's/ .*//'
  fi
}

start_decompressing() {
  decompress &
  decompressing=$!
}

# Once, and no more than BUNDLE says, for which there is room.
decompress() {
  { "$unpacker" -dc <"$copy" 2>"$staging/log" && : >"$staging/whole"; } | head -c $((most + 1)) >"$staging/bundle.tar"
}

finish_decompressing() {
  [ -n "${decompressing:-}" ] || start_decompressing
  wait "$decompressing" || fail 73 "cannot decompress $tarball to $staging"
  [ "$(wc -c <"$staging/bundle.tar")" -le "$most" ] || fail 65 "$tarball is refused: it holds more than its BUNDLE says"
  [ -f "$staging/whole" ] || fail 65 "$tarball is damaged: $(sed -n '/./{p;q;}' "$staging/log")"
}

# Names, types and link targets are judged from the listing, before anything is written.
check_members() {
  tar -tf "$staging/bundle.tar" >"$staging/names" 2>"$staging/log" &&
    tar -tvf "$staging/bundle.tar" >"$staging/listing" 2>>"$staging/log" ||
    fail 65 "$tarball is damaged: $(sed -n '/./{p;q;}' "$staging/log")"
  bad=$(awk -v release="$release" -v python="$python_dir" -v most="$most" "$member_rules" "$staging/names" "$staging/listing") ||
    fail 70 "cannot judge the members of $tarball"
  [ -z "$bad" ] || fail 65 "$tarball is refused: $bad"
}

# GNU tar writes a byte of a UTF-8 name as \303; any other backslash, and so any control character, is refused.
# shellcheck disable=SC2016  # awk's own variables
member_rules='
function refuse(reason) { if (!refused++) print "member " name[FNR] " " reason }
FNR == NR {
  sub(/\/$/, ""); name[FNR] = $0; rest = $0; gsub(/\\[23][0-7][0-7]/, "", rest)
  if ($0 != release && $0 != python && index($0, release "/") != 1 && index($0, python "/") != 1) refuse("lies outside of the release and its interpreter")
  if (("/" $0 "/") ~ /\/(\.\.?)?\//) refuse("has an unsafe name")
  if (rest ~ /[\\[:cntrl:]]/) refuse("has a control character or a backslash in its name")
  if ($0 in seen) refuse("is there twice")
  seen[$0] = 1; members = FNR; next
}
{
  kind = substr($0, 1, 1); arrow = index($0, " -> ")
  if (kind !~ /[-dl]/ || (arrow && kind != "l")) refuse("is neither a file, a directory nor a symbolic link")
  if (substr($0, 2, 9) ~ /[sStT]/) refuse("has a set-user-id, set-group-id or sticky bit")
  if (kind != "l" && substr($0, 5, 6) ~ /w/) refuse("can be written by other accounts")
  if ((kind == "d" && substr($0, 2, 3) != "rwx") || substr($0, 2, 1) != "r") refuse("cannot be read, or removed again, by its owner")
  # Of a sparse file the archive holds less than what it becomes.
  if ($3 !~ /^[0-9]+$/) refuse("has an owner that its size cannot be told from")
  if ((bytes += $3) > most) refuse("is longer than BUNDLE says")
  if (kind == "l") {
    target = substr($0, arrow + 4); link[name[FNR]] = 1
    if (!arrow || target == "" || target ~ /^\// || ("/" target "/") ~ /\/\.\.\//) refuse("is a link that leads out of its directory")
  }
}
END {
  if (FNR != members) print "its members cannot be told apart"
  for (i = 1; i <= members; i++) {
    path = name[i]
    while (match(path, /\/[^\/]*$/)) { path = substr(path, 1, RSTART - 1); if (path in link) { print "member " name[i] " lies below a link"; exit } }
  }
}'

# An interpreter that is here as this bundle lists it is not unpacked again.
unpack() {
  step "Unpacking $release and $python_dir"
  tree=$staging/tree sums=$staging/tree/$release/SHA256SUMS manifest=$staging/tree/$release/MANIFEST kept_interpreter=''
  mkdir "$tree"
  extract "$release"
  if [ -z "$delta" ] && [ -f "$sums" ] && [ -f "$manifest" ] && interpreter_is_here; then
    kept_interpreter=yes
  elif grep -q "^$python_dir/" "$staging/names"; then
    extract "$python_dir"
  fi
  rm "$staging/bundle.tar"
}

# extract DIRECTORY
extract() {
  tar -xpof "$staging/bundle.tar" -C "$tree" "$1" 2>"$staging/log" ||
    fail 73 "cannot unpack $tarball: $(sed -n 1p "$staging/log" | grep . || echo "not even the reason could be written; look with: df $base")"
}

# ---- A delta has the lists as differences to its base's, and lacks the files that its base has: deploy/builder/delta.py

complete_delta() {
  [ -n "$delta" ] || return 0
  step "Completing $release from $former"
  rebuild_list SHA256SUMS 67
  rebuild_list MANIFEST 8
  rm -rf "$tree/$release/DELTA"
  choose_copies
  copy_unmoved "$former" "$release"
  copy_unmoved "$(cat "$staging/former_python")" "$python_dir"
  copy_moved
  give_modes
  strange=$(find "$tree" ! -type d ! -type f ! -type l | sed -n 1p)
  [ -z "$strange" ] || fail 78 "what release $since has here is not what it brought, as it gave a strange ${strange#"$tree/"}; $instead"
}

# rebuild_list NAME COLUMN, in which the path begins.
rebuild_list() {
  awk -v column="$2" -v former="$former" -v release="$release" "$rebuilding" \
    "$base/$former/$1" "$tree/$release/DELTA/$1" >"$tree/$release/$1" ||
    fail 65 "$tarball does not hold the whole difference between its $1 and that of release $since"
  chmod 444 "$tree/$release/$1"
}

# shellcheck disable=SC2016  # awk's own variables
rebuilding='
FNR == NR {
  path = substr($0, column)
  if (path == former || index(path, former "/") == 1) $0 = substr($0, 1, column - 1) release substr(path, length(former) + 1)
  line[FNR] = $0; lines = FNR; next
}
/^\+/ { print substr($0, 2); next }
{ count = substr($0, 2) + 0 }
/^[=-][1-9][0-9]*$/ && count <= lines - at {
  for (last = at + count; at < last;) { at++; if (/^=/) print line[at] }
  next
}
{ exit 1 }'

# Each file that is neither in the delta nor of the interpreter that is here already: from where the base has that content.
choose_copies() {
  (cd "$tree" && find "$release" -type f && { [ ! -d "$python_dir" ] || find "$python_dir" -type f; }) >"$staging/present"
  there=''
  [ -d "$tree/$python_dir" ] || there=$python_dir
  for list in copied moved "same.$release" "same.$python_dir" mode.0444 mode.0555; do : >"$staging/$list"; done
  lacking=$(cd "$staging" && awk -v former="$former" -v release="$release" -v python="$python_dir" -v there="$there" "$choosing" \
    present "$base/$former/SHA256SUMS" "tree/$release/SHA256SUMS" "tree/$release/MANIFEST") || fail 70 "cannot tell what $tarball lacks"
  [ -z "$lacking" ] || fail 65 "$tarball cannot be completed: $lacking"
}

# shellcheck disable=SC2016  # awk's own variables
choosing='
FNR == 1 { file++ }
file == 1 { present[$0]; next }
{ hash = substr($0, 1, 64); path = substr($0, 67); top = path; sub(/\/.*/, "", top) }
file == 2 { at[hash] = path; sum[path] = hash; if (top != former) former_python = top; next }
file == 3 {
  if (path in present || top == there) next
  rest = substr(path, length(top) + 2); twin = (top == release ? former : former_python) "/" rest
  if ((top != release && top != python) || ("/" path "/") ~ /\/(\.\.?)?\// || path ~ /[\\[:cntrl:]]/) { print path " has an unsafe name"; exit }
  if (sum[twin] == hash) print "./" rest >("same." top)
  else if (hash in at) print at[hash] "\t" path >"moved"
  else { print "release " former " has no " path; exit }
  print path >"copied"; copied[path]; next
}
{ path = substr($0, 8); mode = substr($0, 3, 4) }
path in copied {
  if ($0 !~ /^f 0(444|555) /) { print path " has a mode that no file of a bundle has"; exit }
  print path >("mode." mode)
}
END { print former_python >"former_python" }'

# copy_unmoved FROM TO: what has the same name in both; what a link here leads to, never the link.
copy_unmoved() {
  [ -s "$staging/same.$2" ] || return 0
  (cd "$base/$1" && tar -chf - -T "$staging/same.$2" 2>/dev/null) | (cd "$tree/$2" && tar -xpof -) 2>"$staging/log" ||
    fail 73 "cannot copy files of $base/$1 to $staging: $(sed -n 1p "$staging/log")"
}

copy_moved() {
  while IFS=$(printf '\t') read -r from to; do
    [ -f "$base/$from" ] || continue
    cp "$base/$from" "$tree/$to" || fail 73 "cannot copy $base/$from to $staging"
  done <"$staging/moved"
}

# Of a file that the base lacks check_unpacked tells.
give_modes() {
  for mode_of_files in 0444 0555; do
    (cd "$tree" && tr '\n' '\0' <"$staging/mode.$mode_of_files" | xargs -0 -r chmod "$mode_of_files") 2>/dev/null || true
  done
}

# ---- A .tar.xz leaves out the interpreter's byte code, which takes a third of it: deploy/builder/small.py

# Only what is as listed gets to run; what it makes is compared like all else.
make_bytecode() {
  [ "$unpacker" = xz ] && [ -f "$sums" ] && [ -f "$manifest" ] && [ -d "$tree/$python_dir" ] || return 0
  grep -q "^f 0444 $python_dir/.*\.pyc\$" "$manifest" && [ -z "$(find "$tree/$python_dir" -name '*.pyc' | sed -n 1p)" ] || return 0
  step "Making the interpreter's byte code"
  awk -v directory="$python_dir/" 'index($0, directory) == 67 && !/\.pyc$/' "$sums" >"$staging/sums"
  (cd "$tree" && sha256sum -c "$staging/sums" >"$staging/log" 2>/dev/null) ||
    fail 65 "$tarball does not hold what its SHA256SUMS lists: $(sed -n '/: OK$/!{p;q;}' "$staging/log")"
  compile_modules
}

# To the byte as wheels/compile-stdlib.sh does it.
compile_modules() {
  library=python${python%.*}
  (
    cd "$staging/tree/$python_dir/lib"
    set --
    case $python in 2.*) ;; *) set -- --invalidation-mode unchecked-hash ;; esac
    compile_below() {
      directory=$1 && shift
      env -i PATH="$PATH" LC_ALL=C ../bin/python -E -s -m compileall -q -f -d "lib/$directory" "$@" "$directory" >/dev/null 2>&1
    }
    compile_below "$library" -x site-packages "$@" && { compile_below "$library/site-packages" "$@" || true; }
    find . -name '*.pyc' -exec chmod 444 {} +
  ) || fail 65 "the interpreter of $tarball cannot compile its own library; bring $release.tar.gz"
}

check_unpacked() {
  step "Comparing every file with SHA256SUMS"
  [ -f "$sums" ] && [ -f "$manifest" ] || fail 65 "$tarball has no SHA256SUMS or no MANIFEST"
  [ ! -f "$copy.sha256" ] || [ "$(sha256sum <"$sums" | sed 's/ .*//')" = "$(hash_of_sums)" ] ||
    fail 65 "$tarball.sha256 does not belong to $tarball"
  is_well_formed "$sums" '[0-9a-f]{64} ' && is_well_formed "$manifest" '[dfl] [0-7]{4}' ||
    fail 65 "$tarball is refused: a line of its SHA256SUMS or MANIFEST is malformed"
  [ "$(tr -d '\n -~' <"$staging/tree/$release/BUNDLE" | wc -c)" -eq 0 ] ||
    fail 65 "$tarball is refused: its BUNDLE has characters other than ASCII's printable ones"
  tree_is_intact "$staging/tree" "$release" && interpreter_is_intact || refuse_unpacked
  brought=$staging/tree/$python_dir
  [ ! -d "$brought" ] || { [ -f "$brought/bin/$short_python" ] && [ -x "$brought/bin/$short_python" ]; } ||
    fail 65 "$tarball is refused: its $python_dir/bin/$short_python cannot be run"
}

# A delta leaves out the interpreter that its base has, and what is here serves; so it does where it was not unpacked.
interpreter_is_intact() {
  if [ -d "$staging/tree/$python_dir" ] || [ -z "$delta$kept_interpreter" ]; then
    tree_is_intact "$staging/tree" "$python_dir"
  else
    [ -n "$kept_interpreter" ] || tree_is_intact "$base" "$python_dir" "$others" || fail 78 "$base/$python_dir is damaged, $(sed -n 1p "$staging/log"); $instead"
  fi
}

refuse_unpacked() {
  reason=$(sed -n 1p "$staging/log")
  path=${reason% is missing or not listed}
  if [ -n "$delta" ] && grep -Fqx "${path%%: FAILED*}" "$staging/copied"; then
    fail 78 "what release $since has here is not what it brought, as it gave a wrong ${path%%: FAILED*}; $instead"
  fi
  fail 65 "$tarball does not hold what its SHA256SUMS and MANIFEST list: $reason"
}

# A line that sha256sum cannot read, it passes over.
is_well_formed() { ! grep -Evq "^$2 ($release|$python_dir)(/|\$)" "$1"; }

# tree_is_intact ROOT DIRECTORY [OTHERS]: ROOT/DIRECTORY has exactly the listed files, each with its listed hash, apart from OTHERS.
# The list's own file is the one file that it cannot list.
tree_is_intact() {
  awk -v directory="$2/" 'index($0, directory) == 67' "$sums" >"$staging/sums"
  [ -s "$staging/sums" ] && [ -d "$1/$2" ] || { echo "$2 is not listed" >"$staging/log" && return 1; }
  (cd "$1" && find "$2" -path "${3:-}" -prune -o ! -type d -print) | sort >"$staging/found"
  sed -n 's/ -> .*//; s/^[fl] [0-7]* //p' "$manifest" | awk -v directory="$2/" 'index($0, directory) == 1' | sort >"$staging/listed"
  cmp "$staging/found" "$staging/listed" >"$staging/log" 2>&1 || { differing_files >"$staging/log" && return 1; }
  hashes_are_right "$1" || { sed -n '/: OK$/!{p;q;}' "$staging/log.0" "$staging/log.1" >"$staging/log" && return 1; }
  sed -n 's/^f [0-7]* //p' "$manifest" | awk -v directory="$2/" -v own="$release/SHA256SUMS" 'index($0, directory) == 1 && $0 != own' | sort >"$staging/listed"
  cut -c 67- "$staging/sums" | sort | cmp - "$staging/listed" >"$staging/log" 2>&1
}

# Two at a time: most of the work is the processor's.
hashes_are_right() {
  : >"$staging/sums.0"
  awk -v half="$staging/sums." '{ print >(half NR % 2) }' "$staging/sums"
  check_half "$1" 0 &
  check_half "$1" 1 && right=yes || right=no
  wait $! && [ "$right" = yes ]
}

check_half() {
  { [ ! -s "$staging/sums.$2" ] || (cd "$1" && sha256sum -c "$staging/sums.$2" 2>/dev/null); } >"$staging/log.$2"
}

differing_files() { sort "$staging/found" "$staging/listed" | uniq -u | sed -n '1s/$/ is missing or not listed/p'; }

# What is of the box itself in the interpreter's directory; it is compiled anew if a file of it has changed.
provide_python() {
  [ -d "$staging/tree/$python_dir" ] || local_is_right || fail 78 "$box_python is damaged, or leads nowhere; $instead"
  [ -d "$staging/tree/$python_dir" ] || return 0
  case $interpreter_mode in
    source) interpreter_is_here || compile_python ;;
    none) ln -s "$python_prefix" "$staging/tree/$python_dir/local" || fail 73 "cannot write in $state" ;;
  esac
}

# In a session of its own, so that all of it ends with this run.
compile_python() {
  step "Compiling Python $python: once on this box, some minutes"
  mkdir "$staging/work"
  setsid env -i PATH="$PATH" LC_ALL=C HOME="$staging" TMPDIR="$staging" bash "$staging/tree/$python_dir/source/compile-on-box.sh" \
    "$staging/work" "$staging/tree/$python_dir/local" $$ &
  compiler=$!
  wait "$compiler" || compiling_failed
  compiler=''
  rm -rf "$staging/work"
}

compiling_failed() {
  mv "$staging/work/log" "$state/compile.log" 2>/dev/null || true
  tail -n 10 "$state/compile.log" 2>/dev/null | sed 's/^/    /' >&2
  fail 70 "Python $python cannot be compiled here; the whole log is $state/compile.log, its end is above"
}

interpreter_is_here() {
  tree_is_intact "$base" "$python_dir" "$others" 2>/dev/null && local_is_right
}

local_is_right() {
  case $interpreter_mode in
    source) local_is_intact ;;
    none) [ "$(readlink "$box_python")" = "$python_prefix" ] ;;
  esac
}

# Its list was made where it was compiled, so only damage shows here.
local_is_intact() {
  (cd "$box_python" 2>/dev/null && sha256sum -c SHA256SUMS >/dev/null 2>&1 &&
    [ "$(find . -type f | wc -l)" -eq $(($(wc -l <SHA256SUMS) + 1)) ])
}

put_in_place() {
  step "Putting $release in place"
  mkdir -p "$state/complete" "$state/good" "$state/bad" "$state/bundles" || fail 73 "cannot write in $state"
  record mode $mode
  record username "$username"
  keep "$file.sha256"
  keep "$file.sha256.sig"
  if [ ! -d "$staging/tree/$python_dir" ] || interpreter_is_here; then
    detail "$python_dir is here already"
  else
    [ ! -e "$base/$python_dir" ] || step "$python_dir is damaged: replacing it"
    replace "$python_dir"
  fi
  replace "$release"
}

keep() { [ ! -f "$staging/$1" ] || mv "$staging/$1" "$state/bundles/$1" || fail 73 "cannot write in $state/bundles"; }

record() {
  [ -f "$state/$1" ] && return
  printf '%s\n' "$2" >"$state/$1.new" && mv "$state/$1.new" "$state/$1" || fail 73 "cannot write $state/$1"
}

# replace DIRECTORY: from staging; what lies there already was never finished, or is damaged.
replace() {
  [ ! -e "$base/$1" ] || mv "$base/$1" "$staging/$1.old" || fail 73 "cannot move $base/$1"
  mv "$staging/tree/$1" "$base/$1" || fail 73 "cannot move $1 to $base"
}

# The open lock goes with the process into the interpreter.
hand_over() {
  rm -rf "$staging"
  trap - EXIT HUP INT TERM
  exec env -i PATH="$PATH" HOME="$base" LC_ALL=C "$interpreter" -E -s -B \
    "$base/$release/deploy/release" "$1" --person "${SUDO_USER:-$(id -un)}" --lock-file-descriptor 9 \
    --settings "$settings" "$base" "$name" "$version"
}

main "$@"
