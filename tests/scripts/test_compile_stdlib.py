"""compile-stdlib.sh: the byte code is the same whoever builds."""

import os
import subprocess
import sys

import building

# Answers as the interpreter would; told to compile, it notes how it hashes, and what it sees of the caller's settings.
PYTHON = """#!{python} -S
import os, subprocess, sys
options = sys.argv[1:]
if "-m" in options:
    said = 'import os; print(hash("a"), os.environ.get("PYTHONOPTIMIZE"))'
    with open({notes!r}, "a") as notes:
        subprocess.run([sys.executable, *options[: options.index("-m")], "-c", said], stdout=notes, check=True)
else:
    os.execv(sys.executable, [sys.executable, *options])
"""


def hashes(directory, seed):
    """What compiling with the caller's seed notes, once for each of its two steps."""
    shipped, notes = directory / f"shipped-{seed}", directory / f"notes-{seed}"
    (shipped / "lib/python3.9").mkdir(parents=True)
    (shipped / "bin").mkdir()
    (shipped / "bin/python").write_text(PYTHON.format(python=sys.executable, notes=str(notes)))
    (shipped / "bin/python").chmod(0o755)
    environment = {**os.environ, "SHIPPED": str(shipped), "MTIME": "315532800"}
    environment.update(PYTHONHASHSEED=seed, PYTHONOPTIMIZE="1")
    subprocess.run([building.TEMPLATE / "wheels/compile-stdlib.sh"], env=environment, check=True)
    return notes.read_text().splitlines()


def test_the_seed_of_hashes_and_the_options_are_not_the_callers(tmp_path):
    noted = hashes(tmp_path, "1") + hashes(tmp_path, "2")
    assert len(noted) == 4 and len(set(noted)) == 1
    assert noted[0].endswith(" None")
