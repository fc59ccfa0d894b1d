"""A clean box to rehearse on, and what makes life in it hard."""

from typing import Protocol

from builder import modes
from builder.output import INTERNAL, Failure
from rehearsal.bundle import Bundle

# Whatever of these is called by its bare name, or imported from the wrong place, ends the rehearsal.
TOOLS = ("awk", "flock", "gunicorn", "gzip", "id", "pip", "python", "python3", "sed", "sh", "sha256sum", "tar")
MODULES = ("json", "sitecustomize", "flask")
# No box has these, unless it compiles its Python itself.
COMPILERS = ("cc", "gcc", "c++", "g++", "clang", "tcc")
# $0 is where the files lie.
RUN = 'umask 077; cd "$0" && exec /bin/sh setup.sh "$@"'


class Place(Protocol):
    """A place to install in.

    `what` it is for people, `mode` of the installation, `host` for testinfra, `enter` before a command that checks.
    """

    what: str
    mode: str
    host: str
    enter: list[str]

    def refuse_network(self) -> None:
        """Raise Failure 70 if there is a way out."""

    def write_app_env(self, bundle: Bundle, settings: bytes) -> None:
        """Write the shared/app.env of the box, before its first release."""

    def setup(self, bundle: Bundle) -> int:
        """Carry the bundle over and run setup.sh, showing what it prints; returns its exit code."""

    def environment(self) -> dict[str, str]:
        """The environment of the command that checks."""


def unwanted_programs(bundle: Bundle) -> str:
    """The names of the programs that the place must not have, with spaces between."""
    return "" if bundle.interpreter == modes.SOURCE else " ".join(COMPILERS)


def hostile_files() -> dict[str, bytes]:
    """The content of each file of the hostile directory: programs, and modules of Python."""
    program = b'#!/bin/sh\necho "error: the $0 of a hostile PATH was called" >&2\nexit 99\n'
    module = b'raise SystemExit("error: a module of a hostile PYTHONPATH was imported")\n'
    return {**dict.fromkeys(TOOLS, program), **{f"{name}.py": module for name in MODULES}}


def hostile_environment(directory: str) -> dict[str, str]:
    """An environment that misleads whatever trusts it."""
    return {
        "PATH": f"{directory}:/nonexistent",
        "PYTHONPATH": directory,
        "PYTHONHOME": "/nonexistent",
        "PYTHONSTARTUP": f"{directory}/json.py",
        "PIP_INDEX_URL": "http://192.0.2.1/",  # of TEST-NET-1, which leads nowhere (RFC 5737)
        "PIP_TARGET": directory,
        "PIP_REQUIRE_VIRTUALENV": "1",
        "GUNICORN_CMD_ARGS": "--bind=0.0.0.0:80",
        "TAR_OPTIONS": "--exclude=app.py",
        "LC_ALL": "tr_TR.UTF-8",
        "TMPDIR": "/nonexistent",
        "CDPATH": "/",
    }


def require_no_route(routes: str) -> None:
    """Raise Failure 70 if /proc/net/route, after its heading, holds a route."""
    if routes.strip().count("\n"):
        raise Failure(INTERNAL, f"the box of this rehearsal has a route out:\n{routes}")
