"""As whom setup.sh runs on a box, and for which account."""

import re
from typing import NamedTuple, Optional

from fleet.box import Box
from fleet.stopped import USAGE, Stopped

USERNAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")


class Account(NamedTuple):
    """`username` is the application's; `become` what stands before the command, empty, "sudo -n " or "sudo "."""

    username: str
    mode: str
    become: str

    @property
    def must_type(self) -> bool:
        """Whether sudo asks for a password."""
        return self.become == "sudo "


def choose(box: Box, host: str, username: Optional[str], mode: Optional[str]) -> Account:
    """The Account for what the caller wants (None: what suits the login); Stopped where that cannot be."""
    username = username or box.login
    if not USERNAME.fullmatch(username):
        raise Stopped(USAGE, f"USERNAME '{username}' is not an account name")
    if username == "root":
        raise Stopped(USAGE, f"say which account the application runs as on {host}: USERNAME=…")
    mode = mode or ("root" if box.is_root or box.has_sudo else "user")
    if mode == "user" and username != box.login:
        raise Stopped(
            USAGE, f"without root the application runs as the account that logs in: make deploy HOST={username}@…"
        )
    return Account(username, mode, _become(box) if mode == "root" else "")


def _become(box: Box) -> str:
    if box.is_root:
        return ""
    return "sudo -n " if box.has_sudo else "sudo "
