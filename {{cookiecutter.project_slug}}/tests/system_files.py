"""What a release writes outside of itself, as its own templates and the settings of the box make it."""

UNITS = "/etc/systemd/system"
TEMPLATES = (".socket", "@.service", "-check@.socket", "-candidate@.socket", "-candidate@.service", "-settle@.service")


def units(bundle, box):
    """The text of each systemd unit, by its path."""
    values = {"name": bundle.name, "base": box.base, "username": box.username, "port": box.port}
    values["hardening"] = _fill(bundle, "systemd/hardening.conf", values)
    files = {f"{UNITS}/{bundle.name}{suffix}": _fill(bundle, f"systemd/NAME{suffix}", values) for suffix in TEMPLATES}
    return files


def boot_default(bundle):
    """The drop-in that says which release a connection to the public port starts: its path and its text."""
    path = f"{UNITS}/{bundle.name}.socket.d/current.conf"
    return path, f"[Socket]\nService={bundle.name}@{bundle.version}.service\n"


def nginx_files(bundle, box):
    """The text of each file that nginx may have of this app, None for the one that NGINX does not ask for."""
    # As release/nginx.py has it: a regular expression is preferred to the distribution's default site.
    names = (box.server_name or "~.").replace(",", " ")
    values = {"name": bundle.name, "port": box.port, "server_name": names, "static": _static(bundle, box)}
    snippet = _fill(bundle, "nginx-location.conf", {"upstream": box.upstream, **values})
    values["location"] = _fill(bundle, "nginx-location.conf", {"upstream": bundle.name, **values})
    site, kind = _fill(bundle, "nginx.conf", values), box.nginx or "site"
    return {
        f"/etc/nginx/conf.d/{bundle.name}.conf": site if kind == "site" else None,
        f"/etc/nginx/{bundle.name}-offline-flask.snippet": snippet if kind == "snippet" else None,
    }


def _static(bundle, box):
    """nginx's block for the files that it gives out itself, "" where there are none."""
    if not bundle.static_url:
        return ""
    values = {"name": bundle.name, "base": box.base, "static_url": bundle.static_url, "static_dir": bundle.static_dir}
    return _fill(bundle, "nginx-static.conf", values)


def logrotate_file(bundle, box):
    """logrotate's settings: their path and their text."""
    root = box.mode == "root"
    # root rotates with the account's rights.
    su = f"su {box.username} {box.group}" if root else ""
    path = f"/etc/logrotate.d/{bundle.name}" if root else f"{box.base}/state/logrotate.conf"
    return path, _fill(bundle, "logrotate.conf", {"logs": f"{box.base}/logs", "base": box.base, "su": su})


def _fill(bundle, template, values):
    text = bundle.templates[f"deploy/box/{template}"]
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    return text
