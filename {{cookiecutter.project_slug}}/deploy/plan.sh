#!/usr/bin/env bash
# plan.sh: what installing would do to a box, for DRY_RUN. Sourced by ship.sh; it has no usage of its own.

# shellcheck disable=SC2154  # these are ship.sh's and connection.sh's
# show_plan RELEASE: asks the box what is there, and changes nothing.
show_plan() {
  local release=$1 name=${1%-v"$version"} base found
  [[ "$name" =~ ^[a-z][a-z0-9_-]*$ ]] || fail 65 "$bundle is not named after an application"
  # shellcheck disable=SC2016  # the box's shell expands these
  if [ "$mode" = root ]; then base=/opt/$name; else base=$(remote 'printf %s "$HOME"' </dev/null); fi
  [[ "$base" =~ ^/[A-Za-z0-9._/-]+$ ]] || fail 70 "$base has a name that cannot be passed on"
  found=$(remote "$(plan_lookup "$base" "$name")" </dev/null)
  step "What would happen on $host, in $mode mode"
  detail "as $login: upload $(basename "$artefact") ($(size_of "$artefact") bytes), its .sha256 and setup.sh"
  if [ "$mode" = root ]; then
    detail "as root, by ${become}sh setup.sh $version $username$settings:"
  else
    detail "as $login, by sh setup.sh $version $username$settings:"
  fi
  plan_release "$base" "$release"
  [ "$mode" = user ] || plan_of_root "$base" "$name"
  [ "$mode" = root ] || plan_line "crontab of $username" 'two lines: @reboot, and logrotate once a day'
  detail "as $username: the app's test.py and before-switch.sh, then gunicorn, started beside what serves now"
  detail "in service now: $(plan_fact current); then: $release, once it answers its health check"
}

detail() { printf '    %s\n' "$*"; }

plan_line() { printf '        %-60s %s\n' "$1" "$2"; }

plan_fact() { printf '%s\n' "$found" | sed -n "s/^$1=//p"; }

# Which of these are there, as the login sees it; and what serves.
plan_lookup() {
  printf '%s' "echo current=\$(readlink $1/current || echo nothing); systemd=no; [ ! -d /run/systemd/system ] || systemd=yes; echo systemd=\$systemd; " \
    "for path in $(plan_paths "$1" "$2" | tr '\n' ' '); do [ ! -e \$path ] || echo there=\$path; done"
}

plan_paths() {
  printf '%s\n' "$1" "$1/$2-v$version" "$1/shared/app.env" "$1/state/complete/$version"
  local suffix
  for suffix in .socket @.service -check@.socket -candidate@.socket -candidate@.service -settle@.service .socket.d/current.conf; do
    printf '/etc/systemd/system/%s\n' "$2$suffix"
  done
  printf '%s\n' "/etc/nginx/conf.d/$2.conf" "/etc/nginx/$2-offline-flask.snippet" "/etc/logrotate.d/$2"
}

plan_release() {
  local state='make: app, wheels, venv'
  ! plan_is_there "$1/state/complete/$version" || state='is complete already: only put in service'
  plan_line "$1/$2" "$state"
  plan_line "$1/python-…" 'make, unless a release there has the same one'
  plan_line "$1/{shared,logs,run}" "$(plan_word "$1/shared/app.env" 'stay as they are' "make, for $username")"
  plan_line "$1/{state,current}" 'write'
}

plan_of_root() {
  local path
  if [ "$(plan_fact systemd)" = yes ]; then
    plan_paths "$1" "$2" | while IFS= read -r path; do
      case $path in
        /etc/systemd/*) plan_line "$path" "$(plan_word "$path" 'write, where it differs' 'make')" ;;
      esac
    done
    plan_line systemctl "daemon-reload, start and enable $2.socket, $2@$version.service, $2-settle@$version.service"
  else
    plan_line "crontab of root" 'a line: @reboot'
    plan_line supervisord "start, unless it runs; it starts gunicorn as $username"
  fi
  path=/etc/nginx/conf.d/$2.conf
  plan_line "$path" "$(plan_word "$path" 'write, where it differs' 'make'), as NGINX says; nginx -t, reload"
  path=/etc/logrotate.d/$2
  plan_line "$path" "$(plan_word "$path" 'write, where it differs' 'make')"
  plan_line "~$username/$2-v$version" 'a link, made by the account itself'
}

plan_is_there() { plan_fact there | grep -Fqx "$1"; }

# plan_word PATH IF_THERE ELSE
plan_word() { if plan_is_there "$1"; then printf '%s' "$2"; else printf '%s' "$3"; fi; }
