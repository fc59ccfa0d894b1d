#!/usr/bin/env bash
# trim-python.sh: copies what the box needs of a compiled CPython: no tests, headers, static libraries, IDLE, Tk or setuptools.
#
# Usage: trim-python.sh
# Environment:
#   FULL      tree made by build-python.sh
#   SHIPPED   empty directory that receives the trimmed tree
# Exit codes: 0 done; otherwise those of the tools.
set -Eeuo pipefail

copy_tree() {
  mkdir -p "$SHIPPED/bin"
  find "$FULL/bin" -name 'python[23].*' ! -name '*-config' -exec cp -p {} "$SHIPPED/bin/" \;
  cp -Rp "$FULL/lib" "$SHIPPED/lib"
}

link_executables() {
  local name major
  cd "$SHIPPED/bin"
  name="$(echo python*)"
  major="${name%%.*}"
  ln -s "$name" "$major"
  ln -s "$name" python
}

# The list follows the Dockerfiles of docker-library/python. nis would need eleven more libraries; ensurepip holds pip again.
remove_unneeded() {
  cd "$SHIPPED"/lib/python[23].*/
  rm -rf ../pkgconfig ../libpython*.a ../terminfo
  rm -rf config config-* ensurepip idlelib tkinter lib-tk turtle.py turtledemo lib2to3 pydoc_data
  rm -rf lib-dynload/_tkinter*.so lib-dynload/nis*.so lib-dynload/_test*.so lib-dynload/_ctypes_test*.so lib-dynload/xx*.so
  rm -rf site-packages/setuptools* site-packages/pkg_resources site-packages/_distutils_hack site-packages/easy_install.py
  rm -rf site-packages/distutils-precedence.pth site-packages/wheel site-packages/wheel-* site-packages/pip/_vendor/distlib/*.exe
  rm -rf site-packages/packaging site-packages/packaging-* site-packages/virtualenv/seed/wheels/embed/*.whl
  # Of what pip compiled, compile-stdlib.sh would leave that of modules which are gone here; it has the time of their installation.
  find . -name '*.pyc' -type f -exec rm -f {} +
  find . -type d \( -name test -o -name tests -o -name idle_test \) -prune -exec rm -rf {} +
}

# pip notes the hash of its programs, whose first line names the directory of this build; they are not shipped.
forget_programs() {
  find . -path '*.dist-info/RECORD' -exec sed -i -e '/^\(\.\.\/\)*bin\//d' {} +
}

# virtualenv has modules that are called python2.py. The build id is a hash of debug information, too, which tells in which directory
# OpenSSL's headers lay.
strip_binaries() {
  {
    find "$SHIPPED/bin" -type f -name 'python[23].*' -print0
    find "$SHIPPED/lib" -type f \( -name '*.so' -o -name '*.so.*' \) -print0
  } | xargs -0 sh -c 'chmod u+w "$@" && strip --strip-unneeded --remove-section=.note.gnu.build-id "$@"' strip
}

main() {
  copy_tree
  link_executables
  remove_unneeded
  forget_programs
  strip_binaries
}

main
