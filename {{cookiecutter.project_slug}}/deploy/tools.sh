#!/usr/bin/env bash
# Make the Python environment that holds the tools (pytest, testinfra and what they need), or find it, and print its path.
#
# Usage: deploy/tools.sh [REQUIREMENTS]
#   python="$(deploy/tools.sh)/bin/python"
# REQUIREMENTS is a pip requirements file; without it, tests/requirements.txt of this project.
#
# The environment lies in ~/.cache/offline-flask/tools/HASH, where HASH covers the requirements and the Python that made it:
# made once, then found. Two calls at once are safe: each makes its own and the first to finish is kept.
#
# Environment: XDG_CACHE_HOME (default ~/.cache); PIP_INDEX_URL and pip's other settings are pip's own.
# Exit codes: 64 usage; 69 no suitable python3, or pip cannot install.
set -Eeuo pipefail

fail() { # fail CODE MESSAGE
  echo "error: $2" >&2
  exit "$1"
}

require_python() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null ||
    fail 69 "the tools need python3, 3.9 or newer, on this machine; on Debian: apt-get install -y python3 python3-venv"
  python3 -c 'import ensurepip, venv' 2>/dev/null ||
    fail 69 "this machine's python3 cannot make environments; on Debian: apt-get install -y python3-venv"
}

hash_of_inputs() { # hash_of_inputs REQUIREMENTS
  python3 - "$1" <<'PYTHON'
import hashlib, os, sys
with open(sys.argv[1], "rb") as requirements:
    inputs = requirements.read() + (os.path.realpath(sys.executable) + sys.version).encode()
print(hashlib.sha256(inputs).hexdigest()[:16])
PYTHON
}

make_environment() { # make_environment DIRECTORY REQUIREMENTS
  echo "==> making the Python environment for the tools (once)" >&2
  python3 -m venv "$1" >&2
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$2" >&2 ||
    fail 69 "pip cannot install what $2 lists; behind a company mirror set PIP_INDEX_URL, then try again"
}

# The first to publish wins. -n: do not follow a link that is there already, so that ln fails.
publish() { # publish DIRECTORY LINK
  ln -sn "${1##*/}" "$2" 2>/dev/null || rm -rf "$1"
  [[ -x "$2/bin/python" ]] || fail 73 "cannot write $2"
}

# In an installed kit (kit.sh) they are the release's own.
print_kits_own() {
  local release
  release="$(CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
  [[ -f "$release/BUNDLE" && -x "$release/venv/bin/python" ]] && echo "$release/venv"
}

main() {
  ! print_kits_own || return 0
  (($# <= 1)) || fail 64 "usage: deploy/tools.sh [REQUIREMENTS]"
  local requirements="${1:-$(dirname "${BASH_SOURCE[0]}")/../tests/requirements.txt}"
  [[ -r "$requirements" ]] || fail 64 "there is no requirements file $requirements"
  require_python

  local tools="${XDG_CACHE_HOME:-$HOME/.cache}/offline-flask/tools" hash
  hash="$(hash_of_inputs "$requirements")"
  local environment="$tools/$hash"
  if [[ ! -x "$environment/bin/python" ]]; then
    mkdir -p "$tools" || fail 73 "cannot write $tools"
    rm -f "$environment" # a link whose environment is gone, or whose Python was removed
    attempt="$(mktemp -d "$environment.XXXXXX")"
    trap 'rm -rf "$attempt"' EXIT
    make_environment "$attempt" "$requirements"
    trap - EXIT
    publish "$attempt" "$environment"
  fi
  echo "$environment"
}

main "$@"
