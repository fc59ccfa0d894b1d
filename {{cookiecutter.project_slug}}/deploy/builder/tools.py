"""Pinned tools and libraries of the build host, which some projects need: deploy/tools.sh installs each list once."""

import subprocess
import sys
from pathlib import Path

from builder.output import UNAVAILABLE, Failure
from builder.settings import DEPLOY

LIBRARIES = DEPLOY / "builder" / "requirements.txt"


def environment(requirements: Path, what: str) -> Path:
    """Return the Python environment that holds a list of requirements; Failure 69 if it cannot be made."""
    made = subprocess.run(["bash", str(DEPLOY / "tools.sh"), str(requirements)], capture_output=True, text=True)
    if made.returncode:
        raise Failure(UNAVAILABLE, f"{what} cannot be installed:\n{made.stderr.strip()}")
    return Path(made.stdout.strip())


def make_libraries_importable() -> None:
    """Let `import` find the builder's libraries, from now on."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment(LIBRARIES, "what reads this project's files") / "lib" / python / "site-packages"
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
