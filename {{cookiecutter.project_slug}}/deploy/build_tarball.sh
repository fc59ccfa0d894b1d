#!/usr/bin/env bash
# build_tarball.sh: builds the tarball of one version for every target, or for the targets that TARGET names.
#
# Usage: deploy/build_tarball.sh VERSION        (sh deploy/build_tarball.sh VERSION works too)
#   VERSION   name of the release: letters, digits, dots, dashes and underscores, for example 20180119
# Environment:
#   TARGET    a target of deploy/targets.json, such as debian-12-x86_64-py3.11.2, or the beginning of one, such as debian-12;
#             default: all of them
#   ENGINE    where to compile: docker, host (this machine, for itself), or auto (the default: docker if it answers)
#   INTERPRETER  how the box comes by its Python; also a key of a row. prebuilt: compiled by this build (the default); archive: a
#             ready-made one; source: compiled on the box; none: the box has one. At a terminal, where nothing chooses, it asks
#   ARCHIVE   the ready-made interpreter, a URL or path and its sha256, as in https://…/cpython….tar.gz#sha256=0123…
#             (python-build-standalone's install_only layout); also a key of a row
#   SINCE     an earlier version, whose bundle is in dist/ or was built here: make a delta too, a bundle without the files
#             that a box with that release has already
#   COMPRESS  gz (the default), or xz: make NAME-vVERSION.tar.xz too, half as large, which takes longer to make and to install
#   JOBS      how many targets to build at once; default: make's own -j, else 1
#   SIGN_KEY  private key in PEM (RSA; deploy/keygen.sh makes one): sign the .sha256 with it
#   QUIET     1: only what was built, warnings and errors
#   VERBOSE   1: all that compilers and package managers print; else it goes to log files, and a terminal shows its last line
#   NO_COLOR  1: no dimmed text on a terminal
#   XDG_CACHE_HOME, TMPDIR, http_proxy, https_proxy, no_proxy, PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_TRUSTED_HOST, PIP_CERT
#             as everywhere
# Result: dist/TARGET/NAME-vVERSION.tar.gz and its .sha256, with SIGN_KEY its .sha256.sig too; where nothing has changed,
# the one that is there. With SINCE, NAME-vVERSION-since-SINCE.delta likewise.
# One target's failure does not stop the others; a summary names each, and the exit code is that of the first that failed.
# Exit codes: 0 done; 64 usage; 69 something needed is unavailable; 70 compiling failed; 73 a write failed; 78 settings.
if [ -z "${BASH_VERSION:-}" ]; then exec bash "$0" "$@"; fi
set -Eeuo pipefail

HERE="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source-path=SCRIPTDIR source=help.sh
. "$HERE/help.sh"
exec bash "$HERE/run_builder.sh" tarball "$@"
