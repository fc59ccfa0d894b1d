"""Does the release have the wheels that were shipped with it, and no others?"""

from judgement import listing, require


def test_wheels(box, bundle):
    """every wheel of the bundle is installed in its version"""
    wrong = [
        f"{name} {box.packages.get(name, 'missing')} (not {version})"
        for name, version in bundle.wheels.items()
        if box.packages.get(name) != version
    ]
    require(
        not wrong,
        expected=f"the {len(bundle.wheels)} packages of wheels/installed.txt",
        found=listing(wrong),
        remedy="install the release again",
    )


def test_no_other_packages(box, bundle):
    """no package is installed that the bundle did not bring"""
    others = [f"{name} {version}" for name, version in box.packages.items() if name not in bundle.wheels]
    require(
        not others,
        expected=f"nothing but wheels/installed.txt in {bundle.release}/venv",
        found=listing(others),
        remedy="put what the app needs into requirements.txt and build; install this release again",
    )
