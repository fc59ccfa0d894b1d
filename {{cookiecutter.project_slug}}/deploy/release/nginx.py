"""What the box's nginx gets: checked before it counts, put back if nginx does not like it."""

import os

import files
import nginx_service
import process
import static_files
from output import REFUSED, Failure, detail, step, warning

ROOT = "/etc/nginx"


class Site(object):
    """NGINX=site: conf.d/NAME.conf, a directory that nginx reads on Debian's and on CentOS's layout alike.

    NGINX=snippet: a file that a server block of the operator's own includes. NGINX=none: neither.
    """

    def __init__(self, layout):
        self._layout = layout
        self._site = os.path.join(ROOT, "conf.d", layout.name + ".conf")
        self._snippet = os.path.join(ROOT, layout.name + "-offline-flask.snippet")
        self._replacements = files.Replacements()

    def install(self, release):
        """Write what NGINX asks for and reload nginx; Failure (1), with everything as before, if nginx refuses."""
        wanted = self._wanted(release)
        if not os.path.isdir(os.path.dirname(self._site)) or not process.exists("nginx"):
            if any(wanted.values()):
                warning("nginx is not installed: nothing answers on port 80; install it and set up again")
            return
        changes = {path: text for path, text in wanted.items() if files.read_or_none(path) != text}
        if not changes and (nginx_service.is_running() or not any(wanted.values())):
            return
        step("Setting up nginx")
        _check("before anything was changed; mend what it names")
        for path, text in sorted(changes.items()):
            self._replacements.write(path, text)
        self._reload()

    def undo(self):
        """Put the former files back."""
        if self._replacements.undo() and nginx_service.is_running():
            process.run(nginx_service.reload_command())

    def remove(self):
        """Take away what install wrote."""
        for path in (self._site, self._snippet):
            self._replacements.write(path, None)
        if process.exists("nginx") and nginx_service.is_running() and process.run(["nginx", "-t"])[0] == 0:
            process.run(nginx_service.reload_command())

    def _wanted(self, release):
        """Each file that is this application's, with its text or None."""
        kind = self._layout.settings.get("NGINX")
        values = {
            "name": self._layout.name,
            "port": str(self._layout.public[1]),
            # A regular expression is preferred to the distribution's default site, which so can stay as it is.
            "server_name": (self._layout.settings.get("SERVER_NAME") or "~.").replace(",", " "),
            "static": static_files.location(self._layout, release),
        }
        location = os.path.join(release.box_files, "nginx-location.conf")
        snippet = files.fill(location, upstream="127.0.0.1:" + values["port"], **values)
        values["location"] = files.fill(location, upstream=self._layout.name, **values)
        site = files.fill(os.path.join(release.box_files, "nginx.conf"), **values)
        return {
            self._site: site if kind == "site" else None,
            self._snippet: snippet if kind == "snippet" else None,
        }

    def _reload(self):
        if self._layout.settings.get("NGINX") == "snippet" and not self._is_included():
            detail("put this into a server block, then reload nginx: include %s;" % self._snippet)
        try:
            _check("nginx is as before")
            status, output = process.run(nginx_service.reload_command())
            if status:
                raise _failure(nginx_service.reload_command(), "nginx is as before", output)
        except Failure:
            self.undo()
            raise

    def _is_included(self):
        for directory, _, names in os.walk(ROOT):
            for name in names:
                path = os.path.join(directory, name)
                if path != self._snippet and os.path.isfile(path) and _holds(path, self._snippet):
                    return True
        return False


class NoSite(object):
    """User mode: what stands before gunicorn is the operator's."""

    def install(self, release):
        """Nothing to do."""

    def undo(self):
        """Nothing to do."""

    def remove(self):
        """Nothing to do."""


def _check(consequence):
    status, output = process.run(["nginx", "-t"])
    if status:
        raise _failure(["nginx", "-t"], consequence, output)


def _failure(command, consequence, output):
    return Failure(REFUSED, "'%s' failed, %s:\n%s" % (" ".join(command), consequence, process.tail(output)))


def _holds(path, text):
    with open(path, "rb") as file:
        return text.encode("ascii") in file.read()
