"""Are the files of the release and of its interpreter those of the bundle?"""

import pytest
from judgement import ANEW, require_none

REMEDY = f"find out who did it; {ANEW}"


def test_contents(box, bundle):
    """every file has the content that was shipped"""
    present = [path for path in bundle.hashes if path in box.members and box.members[path].kind == "f"]
    changed = [path for path in present if box.hashes.get(path) != bundle.hashes[path]]
    require_none(changed, expected="the hashes of SHA256SUMS", found="changed or unreadable", remedy=REMEDY)


def test_nothing_missing(box, bundle):
    """no file is missing"""
    missing = bundle.members.keys() - box.members.keys()
    require_none(missing, expected=f"the {len(bundle.members)} members of MANIFEST", found="missing", remedy=REMEDY)


def test_nothing_added(box, bundle):
    """no file was added"""
    # Supervisor's are for another check.
    others = {path.split("/")[0] for path in bundle.support}
    added = {path for path in box.members if path.split("/")[0] not in others} - bundle.members.keys()
    require_none(added, expected="the members of MANIFEST and no others", found="added", remedy=REMEDY)


def test_modes(box, bundle):
    """every file has its type, mode and link target"""
    changed = [
        f"{path} ({_describe(member)}, not {_describe(bundle.members[path])})"
        for path, member in box.members.items()
        if path in bundle.members and member != bundle.members[path]
    ]
    require_none(changed, expected="what MANIFEST lists", remedy=REMEDY)


@pytest.mark.needs("root mode")
def test_owner(box):
    """the release and its interpreter belong to root"""
    # What outlives releases is for other checks.
    owners = {path: owner for path, owner in box.owners.items() if path not in box.places}
    owners["BASE"] = box.base_owner
    others = [f"{path} (user {owner})" for path, owner in owners.items() if owner != "0"]
    require_none(
        others,
        expected=f"root owns {box.base} and every file of the release",
        remedy=f"chown -R root:root what is listed in {box.base}; {REMEDY}",
    )


def _describe(member):
    return f"{member.kind} {member.mode:04o}" + (f" -> {member.target}" if member.target else "")
