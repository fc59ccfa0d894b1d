#!/usr/bin/env bash
# Checks every file of this repository that is not ignored: shell by shellcheck and shfmt, Python by ruff, Dockerfiles by hadolint.
#
# Usage: tests/lint.sh
#
# Runs all of them before it gives its verdict. The tools are those of .venv (tests/setup-machine.sh).
# Exit codes: 0 clean; 1 something was found.
set -Eeuo pipefail
CDPATH='' cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

main() {
  local status=0
  ruff check --quiet . || status=1
  shell_files | xargs -0 shellcheck || status=1
  shell_files | xargs -0 shfmt -d -i 2 -ci || status=1
  dockerfiles | xargs -0 -r hadolint || status=1
  exit "$status"
}

# Tracked and new files, NUL after each; links are left out, for what they lead to is in the list itself.
files() {
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
      [[ -L "$file" || ! -f "$file" ]] || printf '%s\0' "$file"
    done
}

shell_files() {
  files | while IFS= read -r -d '' file; do
    if [[ "$file" == *.sh || "$(head -n 1 "$file" | tr -d '\0')" =~ ^#!.*[/\ ](ba|da)?sh($|\ ) ]]; then
      printf '%s\0' "$file"
    fi
  done
}

dockerfiles() {
  files | while IFS= read -r -d '' file; do
    case "${file##*/}" in Dockerfile | Dockerfile.* | *.Dockerfile) printf '%s\0' "$file" ;; esac
  done
}

main
