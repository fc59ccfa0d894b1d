"""What the bench needs on this machine: the system's Python, and the peers in an environment of their own."""

import os
import subprocess
import sys
from pathlib import Path

from lab.project import TEMPLATE
from workspace import BENCH, Machine

# PyInstaller needs a Python with a shared library, as the system's is; the other peers run on what a box would have.
PYTHON = "/usr/bin/python3"
REQUIREMENTS = BENCH / "requirements.txt"


def prepare(directory: Path, compiling: bool) -> Machine:
    """Install the peers below `directory` unless they are there; exits (69) where the machine lacks something.

    `compiling` says whether CPython will be compiled on this machine.
    """
    require_packages([*missing_packages(), *(missing_for_compiling() if compiling else [])])
    tools = directory / "tools"
    made_from = tools / "made-from.txt"
    if not made_from.exists() or made_from.read_text() != REQUIREMENTS.read_text():
        print("==> Installing the peers", flush=True)
        subprocess.run([PYTHON, "-m", "venv", "--clear", tools], check=True)
        pip = [tools / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS]
        subprocess.run(pip, check=True)
        made_from.write_text(REQUIREMENTS.read_text())
    return Machine(PYTHON, tools, os.cpu_count() or 1)


def require_packages(missing: list[str]) -> None:
    """As root on Debian they are installed, elsewhere named."""
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        print(f"error: packages are missing; run: sudo {' '.join(command)}", file=sys.stderr)
        sys.exit(69)


def missing_packages() -> list[str]:
    if not Path(PYTHON).exists():
        return ["python3-venv"]
    short = subprocess.run(
        [PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True
    ).stdout.strip()
    has_venv = subprocess.run([PYTHON, "-c", "import ensurepip"], stderr=subprocess.DEVNULL).returncode == 0
    library = list(Path("/usr/lib").glob(f"*/libpython{short}.so.1.0"))
    return [*([] if has_venv else ["python3-venv"]), *([] if library else [f"libpython{short}"])]


def missing_for_compiling() -> list[str]:
    """What the article's steps need on the box, as our own builds do."""
    lines = (TEMPLATE / "{{cookiecutter.project_slug}}/wheels/packages/debian.txt").read_text().splitlines()
    return [name for name in lines if name and not name.startswith("#") and not is_installed(name)]


def is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", package]
    return subprocess.run(query, capture_output=True, text=True).stdout.startswith("ii")
