"""One honest bundle in each of its forms, as entries that the corpus changes, and what a box must have for it."""

import gzip
import io
import lzma
import platform
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import archives
import forms
from handmade import INTERPRETER, Bundle, sha256

# Stands in for compile-on-box.sh: setup.sh has it fill the directory $2.
COMPILER = """
mkdir -p "$2/bin" && cd "$2"
printf '%s\\n' '#!/bin/sh' 'echo "handed over: $*"' >bin/python3.11 && chmod 755 bin/python3.11
find . -type f ! -name SHA256SUMS -exec sha256sum {} + >SHA256SUMS
"""
STUB = b'#!/bin/sh\nexec "$(cd -P "${0%/*}/../local" && pwd)/bin/python3.11" "$@"\n'
PYTHON = ".".join(map(str, sys.version_info[:2]))


@dataclass
class Form:
    """A bundle's file name, its entries, how they are compressed, its SHA256SUMS, and what BASE must have already."""

    file: str
    entries: list
    compress: Callable
    sums: bytes
    had: dict = field(default_factory=dict)

    def packed(self):
        return self.compress(archives.archive(self.entries))

    def files(self, packed, sidecar=True):
        """What lies in the inbox: the bundle, and the sidecar that its maker would write for it."""
        lines = f"{sha256(packed)}  {self.file}\n{sha256(self.sums)}  app-v1/SHA256SUMS\n"
        return {self.file: packed, **({f"{self.file}.sha256": lines.encode()} if sidecar else {})}


def gz(data):
    return gzip.compress(data, 1, mtime=0)


def xz(data):
    return lzma.compress(data, preset=0)


def whole(**changes):
    members = Bundle(**changes).members()
    return Form("app-v1.tar.gz", archives.entries_of(members), gz, members["app-v1/SHA256SUMS"])


def with_source():
    """The box compiles the interpreter."""
    files = {f"{INTERPRETER}/bin/python3.11": STUB, f"{INTERPRETER}/source/compile-on-box.sh": COMPILER.encode()}
    return whole(values={"INTERPRETER": "source", "COMPILING_NEEDS": "sh:dash"}, files=files)


def without_interpreter():
    """The box has it: this machine's own."""
    interpreter = f"python-{platform.python_version()}-0123456789ab"
    files = {
        f"{interpreter}/bin/python{PYTHON}": STUB.replace(b"3.11", PYTHON.encode()),
        "app-v1/deploy/release/__main__.py": b'print("handed over: ")\n',
    }
    abi = f"cp{PYTHON.replace('.', '')}"
    return whole(interpreter=interpreter, values={"INTERPRETER": "none", "PYTHON_ABI": abi}, files=files)


def written(write, *arguments):
    """A form that the builder writes, as its file name and its entries."""
    with tempfile.TemporaryDirectory() as directory:
        path = write(Path(directory), *arguments)
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".delta" else lzma.decompress(path.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return path.name, [entry_of(member, tar) for member in tar]


def entry_of(member, tar):
    data = tar.extractfile(member).read() if member.isreg() else b""
    return archives.Entry(member.name.encode(), data, member.type, mode=b"%07o" % member.mode)


def small():
    """A .tar.xz, whose byte code the box makes."""
    bundle = Bundle(files=forms.COMPILED)
    file, entries = written(forms.write_small, bundle)
    return Form(file, entries, xz, forms.members(bundle)[0][2].content)


def delta():
    """A delta since release 0, which the box has, and its interpreter."""
    former = Bundle("0", files={"app-v0/static/same.css": b"same\n", "app-v0/gone.py": b"gone\n"})
    bundle = Bundle(
        files={"app-v1/style.css": b"same\n", "app-v1/static/same.css": b"same\n", "app-v1/new.py": b"new\n"}
    )
    file, entries = written(forms.write_delta, bundle, former)
    head, content = forms.members(former)
    had = {member.path: member.content for member in [*head, *content] if member.kind == forms.pack.FILE}
    sums = forms.members(bundle)[0][2].content
    return Form(file, entries, gz, sums, {**had, "state/complete/0": b"", "state/username": b"nobody\n"})


FORMS = {"whole": whole, "source": with_source, "none": without_interpreter, "small": small, "delta": delta}
