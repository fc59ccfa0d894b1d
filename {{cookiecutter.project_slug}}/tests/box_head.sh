#!/bin/sh
# What a release on the box says about itself, for a verify that has no bundle at hand; nothing is changed or executed.
# anchor.py sends this text to the box's sh, as root where the login may.
#
# Usage: sh -c "$(cat box_head.sh)" box_head HOME NAME VERSION
#   HOME is the login user's home, where user mode has its BASE; an empty VERSION is the one in service.
# Prints the name of the release's directory, a line end, and a tar archive of its lists, wheels and templates.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset CDPATH TAR_OPTIONS
home=$1 name=$2 version=$3

for base in "/opt/$name" "$home"; do
  [ ! -f "$base/state/mode" ] || break
done
cd "$base" 2>/dev/null || exit 0
if [ -n "$version" ]; then release=$name-v$version; else release=$(readlink current); fi
case $release in
  */*) exit 0 ;;
  "$name-v"?*) ;;
  *) exit 0 ;;
esac
echo "$release"
exec tar -cf - "$release/BUNDLE" "$release/SHA256SUMS" "$release/MANIFEST" "$release/wheels" "$release/deploy/wheels" \
  "$release/deploy/box"
