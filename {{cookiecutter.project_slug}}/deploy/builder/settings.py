"""Where things are in a project, and what its config.env says."""

import re
from pathlib import Path
from typing import NamedTuple

from builder.output import SETTINGS, Failure

PROJECT = Path(__file__).resolve().parents[2]
APP = PROJECT / "project"
WHEELS = PROJECT / "wheels"
DEPLOY = PROJECT / "deploy"
DIST = PROJECT / "dist"

PATTERNS = {
    "APP_NAME": r"[a-z][a-z0-9_-]{0,31}",
    "APP_MODULE": r"[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(\))?",
    "HEALTH_PATH": r"/[A-Za-z0-9._~/-]*",
}
LINE = re.compile(r"([A-Z_]+)='([^']*)'")


class Settings(NamedTuple):
    """The answers that a bundle needs."""

    app_name: str
    app_module: str
    health_path: str


def parse(text: str) -> dict[str, str]:
    """Return the settings of config.env's text; it is never run by a shell."""
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if not match:
            raise Failure(SETTINGS, f"config.env, line {number}: write KEY='value', with single quotes")
        values[match[1]] = match[2]
    return values


def read() -> Settings:
    """Return the project's settings; Failure 78 names the one that is missing or malformed."""
    try:
        values = parse((PROJECT / "config.env").read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(SETTINGS, f"config.env cannot be read: {error.strerror}") from error
    for name, pattern in PATTERNS.items():
        if not re.fullmatch(pattern, values.get(name, ""), re.ASCII):
            raise Failure(SETTINGS, f"config.env: {name} must match {pattern}")
    return Settings(*(values[name] for name in PATTERNS))
