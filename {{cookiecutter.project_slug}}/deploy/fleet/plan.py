"""What installing a bundle would do to a box, for DRY_RUN: from what was asked of the box, nothing else."""

from pathlib import Path

from fleet.account import Account
from fleet.box import Box, system_paths, unit_paths


def lines(box: Box, host: str, artefact: Path, app: str, version: str, account: Account, arguments: str) -> list[str]:
    """The lines to show."""
    base = box.base(account.mode, app)
    who = "root" if account.mode == "root" else box.login
    size = artefact.stat().st_size
    current = box.current.get(base, "nothing")
    return [
        f"==> What would happen on {host}, in {account.mode} mode",
        f"    as {box.login}: upload {artefact.name} ({size} bytes), its .sha256 and setup.sh",
        f"    as {who}, by {account.become}sh setup.sh {arguments}:",
        *(line(path, what) for path, what in releases_part(box, base, app, version, account)),
        *(line(path, what) for path, what in systems_part(box, app, version, account)),
        f"    as {account.username}: the app's test.py and before-switch.sh; gunicorn, started beside what serves now",
        f"    in service now: {current}; then: {app}-v{version}, once it answers its health check",
    ]


def line(path: str, what: str) -> str:
    return f"        {path:<60} {what}"


def releases_part(box: Box, base: str, app: str, version: str, account: Account) -> list[tuple[str, str]]:
    complete = f"{base}/state/complete/{version}" in box.there
    shared = f"{base}/shared/app.env" in box.there
    return [
        (f"{base}/{app}-v{version}", "is there: only put in service" if complete else "make: app, wheels, venv"),
        (f"{base}/python-…", "make, unless a release there has the same one"),
        (f"{base}/{{shared,logs,run}}", "stay as they are" if shared else f"make, for {account.username}"),
        (f"{base}/{{state,current}}", "write"),
    ]


def systems_part(box: Box, app: str, version: str, account: Account) -> list[tuple[str, str]]:
    """What lies outside of BASE."""
    if account.mode == "user":
        return [(f"crontab of {account.username}", "lines for the boot, for the watch and for logrotate")]
    written = {path: "write, where it differs" if path in box.there else "make" for path in system_paths(app)}
    site = f"/etc/nginx/conf.d/{app}.conf"
    written[site] += ", as NGINX says; nginx -t, reload"
    services = [(path, written[path]) for path in unit_paths(app)]
    started = f"daemon-reload, start and enable {app}.socket, {app}@{version}.service, {app}-settle@{version}.service"
    if box.has_systemd:
        services.append(("systemctl", started))
    else:
        starts = f"start, unless it runs; it starts gunicorn as {account.username}"
        services = [("crontab of root", "lines for the boot and for the watch"), ("supervisord", starts)]
    rotation = f"/etc/logrotate.d/{app}"
    link = (f"~{account.username}/{app}-v{version}", "a link, made by the account itself")
    return [*services, (site, written[site]), (rotation, written[rotation]), link]
