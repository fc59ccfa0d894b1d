"""Another date for a build: libfaketime shows it to the builder, and to all that runs without a network.

What has a network would distrust every certificate. Files keep the times that the kernel gives them, so the date is in
the past: of files that are older than some weeks the cache forgets those that nobody used.
"""

import os
import shutil
from pathlib import Path

from lab.skip import Unavailable

DATE = "-2000d"
INSIDE = "/mnt/faketime.so"
# docker and unshare, as the builder calls them.
STUBS = {
    "docker": """
case " $* " in *" run "*" --network none "*) shift ;; *) exec {program} "$@" ;; esac
exec {program} run --env LD_PRELOAD={inside} --env FAKETIME={date} --env NO_FAKE_STAT=1 \\
  --mount type=bind,src={library},dst={inside},readonly "$@"
""",
    "unshare": """
LD_PRELOAD={library} FAKETIME={date} NO_FAKE_STAT=1 exec {program} "$@"
""",
}


def library() -> Path:
    """What shows another date to programs that preload it. Raises Unavailable."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise Unavailable("faketime is not installed; run make setup as root")
    return found[0]


def another_date(directory: Path) -> dict[str, str]:
    """The variables with which a build has another date; `directory` receives what that takes."""
    names = {"inside": INSIDE, "date": DATE, "library": library()}
    for name, script in STUBS.items():
        stub = directory / name
        stub.write_text("#!/bin/sh" + script.format(program=shutil.which(name), **names))
        stub.chmod(0o755)
    path = f"{directory}:{os.environ['PATH']}"
    return {"PATH": path, "LD_PRELOAD": str(library()), "FAKETIME": DATE, "NO_FAKE_STAT": "1"}
