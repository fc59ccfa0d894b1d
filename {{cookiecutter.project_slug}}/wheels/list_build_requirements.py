"""Write what each source distribution of a directory needs to be built: one requirements file for each.

Usage: python list_build_requirements.py SOURCES OUTPUT     (Python 2.7 and 3)
Exit codes: 0 done.
"""

import io
import os
import sys
import tarfile
import zipfile

try:
    import tomllib
except ImportError:  # before Python 3.11 pip brings a parser of its own
    try:
        from pip._vendor import tomli as tomllib
    except ImportError:
        from pip._vendor import toml as tomllib

# PEP 518: what a source distribution without a [build-system] table needs.
DEFAULT = ["setuptools", "wheel"]


def read_pyproject(path):
    """Return the text of the pyproject.toml at the top of a source distribution, "" if it has none."""
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            names, read = archive.namelist(), archive.read
            return text_of(names, read)
    with tarfile.open(path) as archive:
        return text_of(archive.getnames(), lambda name: archive.extractfile(name).read())


def text_of(names, read):
    found = [name for name in names if name.count("/") == 1 and name.endswith("/pyproject.toml")]
    return read(found[0]).decode("utf-8") if found else ""


def build_requirements(pyproject):
    """Return the requirements that the text of a pyproject.toml states, or the default ones.

    wheel is always there: setuptools before 70.1 asks for it only while it builds.
    """
    table = tomllib.loads(pyproject).get("build-system", {})
    return sorted(set(table.get("requires", DEFAULT)) | {"wheel"})


def main():
    sources, output = sys.argv[1:]
    for name in sorted(os.listdir(sources)):
        if not name.endswith(".whl"):
            lines = build_requirements(read_pyproject(os.path.join(sources, name)))
            with io.open(os.path.join(output, name + ".txt"), "w", encoding="utf-8") as stream:
                stream.write("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    main()
