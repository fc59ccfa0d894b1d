"""Which file a release runs on: the bundle's own interpreter, or the one that the box provides."""


def executable(box, bundle):
    """The path that /proc shows: an environment of Python 2 has a copy of its interpreter, others a link."""
    if bundle.python.startswith("2."):
        return f"{box.base}/{bundle.release}/venv/bin/python"
    return f"{box.base}/{bundle.interpreter}" if bundle.brings_interpreter else box.local_python


def digest(box, bundle):
    """Its sha256; of an interpreter that the box provides, what the box itself says."""
    return bundle.hashes[bundle.interpreter] if bundle.brings_interpreter else box.local_hash


def fits(version, bundle):
    """Whether a version is the bundle's; that of a Python which the box has may differ in its last number."""
    if bundle.interpreter_mode == "none":
        return version.rpartition(".")[0] == bundle.python_short
    return version == bundle.python
