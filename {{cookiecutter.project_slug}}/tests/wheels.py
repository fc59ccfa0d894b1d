"""What a wheel leaves behind when it is installed: the files and hashes of its RECORD, in the places of a scheme.

https://packaging.python.org/en/latest/specifications/binary-distribution-format/ is where the rules come from.
"""

import base64
import configparser
import csv
import dataclasses
import hashlib
import io
import posixpath
import re
import zipfile

# What pip's versions write for a console script: up to 24; 25; from 26 on.
SCRIPTS = (
    "# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom {module} import {name}\nif __name__ == '__main__':\n"
    "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit({function}())\n",
    "import sys\nfrom {module} import {name}\nif __name__ == '__main__':\n    if sys.argv[0].endswith('.exe'):\n"
    "        sys.argv[0] = sys.argv[0][:-4]\n    sys.exit({function}())\n",
    "import sys\nfrom {module} import {name}\nif __name__ == '__main__':\n"
    "    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit({function}())\n",
)
# pip adds these, and rewrites RECORD.
PIPS_OWN = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")


@dataclasses.dataclass(frozen=True)
class Environment:
    """The files that a bundle's wheels leave in its virtual environment, by their paths in it.

    `hashes` has those whose content a RECORD lists, with the wheel's name; `scripts` the texts, without their first
    line, of which a script must be one; `others` those that pip writes itself.
    """

    hashes: dict
    scripts: dict
    others: frozenset

    def files(self):
        """All paths."""
        return {*self.hashes, *self.scripts, *self.others}


def read_environment(wheels, python):
    """The Environment that `wheels` (bytes by file name) leave under Python `python`; raises ValueError."""
    hashes, scripts, others = {}, {}, set()
    short = ".".join(python.split(".")[:2])
    site_packages = f"lib/python{short}/site-packages"
    for file_name, data in wheels.items():
        name = file_name.split("-")[0]
        with _open(file_name, data) as wheel:
            for path, digest in _record(wheel):
                place = _place(path, site_packages, name)
                if place.startswith("bin/"):
                    scripts[place] = [_without_first_line(wheel.read(path))]
                elif path.split("/")[-1] in UNHASHED or not digest:
                    others.add(place)
                else:
                    hashes[place] = (name, digest)
            scripts.update(_console_scripts(wheel, short))
            others.update(f"{site_packages}/{_metadata(wheel)}/{own}" for own in PIPS_OWN)
    return Environment(hashes, scripts, frozenset(others - hashes.keys()))


def read_unpacked(wheels):
    """The hashes of what supervisor's wheels hold, by NAME-VERSION/PATH: the release unpacks them as they are."""
    hashes = {}
    for file_name, data in wheels.items():
        directory = "-".join(file_name.split("-")[:2])
        with _open(file_name, data) as wheel:
            for path in wheel.namelist():
                if not path.endswith("/"):
                    hashes[f"{directory}/{path}"] = hashlib.sha256(wheel.read(path)).hexdigest()
    return hashes


def script_hashes(texts, python):
    """The hashes that a script may have in an environment whose interpreter is `python`, an absolute path."""
    return {hashlib.sha256(f"#!{python}\n{text}".encode()).hexdigest() for text in texts}


def _open(file_name, data):
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as reason:
        raise ValueError(f"{file_name}: {reason}") from reason


def _metadata(wheel):
    (name,) = {path.split("/")[0] for path in wheel.namelist() if path.split("/")[0].endswith(".dist-info")}
    return name


def _record(wheel):
    """Each path of the wheel's RECORD with its sha256 in hex, empty where it lists none."""
    with wheel.open(f"{_metadata(wheel)}/RECORD") as lines:
        for path, digest, _size in csv.reader(io.TextIOWrapper(lines, encoding="utf-8")):
            yield path, _hexadecimal(wheel, path, digest)


def _hexadecimal(wheel, path, digest):
    algorithm, _, value = digest.partition("=")
    if algorithm == "sha256":
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
    return hashlib.sha256(wheel.read(path)).hexdigest() if digest else ""


def _place(path, site_packages, name):
    """Where a member of a wheel is installed, relative to the virtual environment."""
    match = re.match(r"[^/]+\.data/([a-z]+)/(.+)", path)
    if not match:
        return posixpath.normpath(f"{site_packages}/{path}")
    python = site_packages.split("/")[1]
    headers = f"include/site/{python}/{name}"
    root = {"scripts": "bin", "headers": headers, "data": "."}.get(match[1], site_packages)
    return posixpath.normpath(f"{root}/{match[2]}")


def _console_scripts(wheel, python):
    path = f"{_metadata(wheel)}/entry_points.txt"
    if path not in wheel.namelist():
        return {}
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str
    parser.read_string(wheel.read(path).decode("utf-8"))
    sections = [section for section in ("console_scripts", "gui_scripts") if parser.has_section(section)]
    return {
        f"bin/{installed}": _texts(target)
        for section in sections
        for name, target in parser.items(section)
        for installed in _script_names(name, python)
    }


def _script_names(name, python):
    """What pip calls a script: its own, and setuptools' old one, it names after the Python that it installs for."""
    if name == "pip":
        return [name, f"{name}{python.split('.')[0]}", f"{name}{python}"]
    if re.match(r"pip\d+(\.\d+)?$", name):
        return []
    return [re.sub(r"^easy_install-[0-9.]+$", f"easy_install-{python}", name)]


def _texts(target):
    module, _, function = target.split("[")[0].strip().partition(":")
    function = function.strip()
    values = {"module": module.strip(), "name": function.split(".")[0], "function": function}
    return [text.format(**values) for text in SCRIPTS]


def _without_first_line(data):
    """A script of a wheel, as installed: pip puts the environment's Python into the first line, if that names one."""
    first, _, rest = data.partition(b"\n")
    return (rest if first.startswith(b"#!python") else data).decode("utf-8", "surrogateescape")
