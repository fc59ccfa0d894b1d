"""Is the release's Python the one that was shipped, or that this box provides?"""

from judgement import ANEW, not_applicable, require

from interpreter import digest, executable, fits


def test_interpreter(box, bundle, answers):
    """the release's Python is the bundle's own, in its version"""
    path, sha256 = executable(box, bundle), digest(box, bundle)
    same = path and (box.python_link, box.python_hash) == (path, sha256)
    version = answers.python or f"does not run: {answers.error}"
    require(
        same and fits(answers.python, bundle),
        expected=f"Python {bundle.python}, {path or 'none'} with sha256 {sha256 or 'unknown'}",
        found=f"Python {version}, {box.python_link or 'no such file'} with sha256 {box.python_hash or 'unknown'}",
        remedy=ANEW,
    )


def test_compiled_here(box, bundle):
    """every file of a Python that was compiled on this box is as it was then"""
    if bundle.brings_interpreter:
        not_applicable("the bundle brings its Python, whose files other checks compare")
    if bundle.interpreter_mode == "none":
        not_applicable(f"this box's own Python, {box.local_python}, is its system's business, and no bundle anchors it")
    require(
        not box.local_changes,
        expected=f"the files of {bundle.python_dir}/local/SHA256SUMS, which was made when they were compiled",
        found=box.local_changes,
        remedy=f"find out who did it; {ANEW}, which compiles it again",
    )


def test_closed(box, bundle):
    """the release's Python sees the packages of the release alone"""
    require(
        box.system_packages == "false",
        expected=f"include-system-site-packages = false in {bundle.release}/venv/pyvenv.cfg",
        found=box.system_packages or "no such line",
        remedy=ANEW,
    )
