#!/usr/bin/env bash
# help.sh: what a script says to -h and --help: its header. Sourced at its beginning; it has no usage of its own.

case ${1:-} in
  -h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
