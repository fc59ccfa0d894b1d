"""Is what outlives releases there, and the account's alone?"""

import pytest
from judgement import ANEW, require, require_none


@pytest.mark.needs("a login that may look into them")
def test_app_env(box):
    """shared/app.env is the app's account's alone"""
    member, owner = box.places.get("shared/app.env"), box.owners.get("shared/app.env")
    require(
        member and (member.kind, member.mode, owner) == ("f", 0o600, box.uid),
        expected=f"{box.base}/shared/app.env, a file of {box.username} (user {box.uid}) with mode 0600",
        found=f"{member.kind} {member.mode:04o} of user {owner}" if member else "no such file",
        remedy=f"chown {box.username} and chmod 600 it; if others have read it, change the secrets in it",
    )


@pytest.mark.needs("a login that may look into them")
def test_directories(box, bundle):
    """shared, logs and run belong to the app's account, and the app's data is in shared"""
    wrong = [
        f"{path}: {_describe(box, path)}"
        for path in ("shared", "shared/data", "logs", "run")
        if not _is_its_own(box, path)
    ]
    if box.instance != f"{box.base}/shared/data":
        wrong.append(f"{bundle.release}/instance leads to {box.instance or 'nothing'}")
    require_none(
        wrong,
        expected=f"directories of {box.username} that no other may write to, and instance -> shared/data",
        remedy=f"chown and chmod them; for its instance {ANEW}",
    )


@pytest.mark.needs("root mode")
def test_state(box):
    """state, which says what serves and starts, is root's alone"""
    member = box.places.get("state")
    require(
        member and not member.mode & 0o022 and box.owners["state"] == "0",
        expected=f"{box.base}/state, a directory of root that no other may write to",
        found=_describe(box, "state"),
        remedy=f"chown root:root {box.base}/state && chmod 755 {box.base}/state; see what was changed in it",
    )


def _is_its_own(box, path):
    member = box.places.get(path)
    return member and member.kind == "d" and not member.mode & 0o022 and box.owners[path] == box.uid


def _describe(box, path):
    member = box.places.get(path)
    return f"{member.kind} {member.mode:04o} of user {box.owners[path]}" if member else "missing"
