"""Is the release's Python the one that was shipped?"""

from judgement import require


def test_interpreter(box, bundle, answers):
    """the release's Python is the bundle's own, in its version"""
    expected = f"{box.base}/{bundle.executable}"
    same = box.python_link == expected and box.python_hash == bundle.hashes[bundle.interpreter]
    version = answers.python or f"does not run: {answers.error}"
    require(
        same and answers.python == bundle.python,
        expected=f"Python {bundle.python}, {expected} with sha256 {bundle.hashes[bundle.interpreter]}",
        found=f"Python {version}, {box.python_link or 'no such file'} with sha256 {box.python_hash or 'unknown'}",
        remedy="install the release again",
    )


def test_closed(box, bundle):
    """the release's Python sees the packages of the release alone"""
    require(
        box.system_packages == "false",
        expected=f"include-system-site-packages = false in {bundle.release}/venv/pyvenv.cfg",
        found=box.system_packages or "no such line",
        remedy="install the release again",
    )
