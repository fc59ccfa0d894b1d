"""A bundle's SBOM: made by deploy/sbom.py, once for each inventory, and kept in the cache."""

import json
import subprocess
from pathlib import Path

from builder import cache, tools
from builder.output import INTERNAL, Failure
from builder.settings import DEPLOY, WHEELS

NAME = "sbom.cdx.json"
SCRIPT = DEPLOY / "sbom.py"
TOOLS = WHEELS / "sbom-tools.txt"


def made(inventory: dict[str, object]) -> Path:
    """Return the directory of the cache that has the SBOM alone; Failure 69 if its tools cannot be installed."""

    def make(entry: Path) -> None:
        python = tools.environment(TOOLS, "the library that writes SBOMs") / "bin/python"
        command = [str(python), "-I", "-B", str(SCRIPT)]
        result = subprocess.run(command, input=json.dumps(inventory), capture_output=True, text=True)
        if result.returncode:
            raise Failure(INTERNAL, f"the SBOM cannot be made:\n{result.stderr.strip()[-2000:]}")
        (entry / NAME).write_text(result.stdout, encoding="utf-8")
        (entry / NAME).chmod(0o644)

    return cache.entry("sboms", cache.key(inventory["identity"], cache.files_key([SCRIPT, TOOLS])), make)
