"""Putting a bundle in use that serves nothing: what `current` names is what people run."""

import files
from prune import prune
from state import require_complete


def use(box, release):
    """Make `release` the current one; the former stays for a rollback. Failure (78) if it is not complete."""
    require_complete(box.state, release.version)
    former = box.layout.current()
    if not box.state.read_mark("good", release.version):
        box.state.mark("good", release.version, former=former.version if former else None)
    files.sync(box.layout.base)
    files.point(box.layout.current_link, release.directory_name)
    files.sync(box.layout.base)
    box.state.log("in use", release.version)
    prune(box.layout, box.state, former)
