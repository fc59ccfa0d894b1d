"""Is the release on the box, and is it the one in service?"""

from judgement import require


def test_anchored(bundle):
    """the expected values do not come from the box"""
    require(
        bundle.anchored,
        expected="the bundle, or its sidecar",
        found=f"{bundle.anchor}: what was changed together with its list is not seen",
        remedy="put the bundle or its .tar.gz.sha256 into dist/, or give SIDECAR=file",
    )


def test_installed(facts, bundle):
    """the release is installed completely"""
    require(
        facts.base,
        expected=f"{bundle.name} in /opt/{bundle.name}, or in the home of the user who logs in",
        found="neither has it, or this login may not look there",
        remedy="deploy it; in user mode, log in as the account that the app runs as",
    )
    require(
        bundle.release in facts.members and facts.complete,
        expected=f"{facts.base}/{bundle.release}, and its mark state/complete/{bundle.version}",
        found="no such mark" if bundle.release in facts.members else "no such directory",
        remedy=f"deploy version {bundle.version}, or verify another; in service is: {facts.current or 'nothing'}",
    )


def test_current(box, bundle):
    """the release in service is the bundle's version"""
    require(
        box.current == bundle.release,
        expected=f"{box.base}/current -> {bundle.release}",
        found=box.current or "no such link",
        remedy=f"verify the version in service, or: sh {box.base}/{bundle.release}/deploy/activate.sh",
    )
