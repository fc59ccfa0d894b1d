"""A bundle as the tests see into it."""

import tarfile

from lab.command import run


class Unpacked:
    """A tarball, unpacked."""

    def __init__(self, tarball, directory):
        self.tarball, self.directory = tarball, directory
        with tarfile.open(tarball, "r:gz") as tar:
            self.names = tar.getnames()
        run("tar", "-xzpf", tarball, "-C", directory)
        (head,) = directory.glob("*/BUNDLE")
        self.release = head.parent
        self.head = dict(line.split("=", 1) for line in head.read_text().splitlines())
        self.python = directory / self.head["PYTHON_DIR"]
