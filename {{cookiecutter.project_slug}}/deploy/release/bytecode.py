"""Byte-code for what is installed, made once: a release writes none while it runs."""

import os
import subprocess


def compile_tree(python, tree):
    """Have `python` compile every module below `tree`, on all processors.

    What it cannot compile is passed over, as by pip.
    """
    paths = sorted(_modules(tree.encode("utf-8")))
    processors = os.sysconf("SC_NPROCESSORS_ONLN")
    shares = [paths[first::processors] for first in range(processors)]
    # Without any path compileall would compile what is on sys.path.
    compilers = [_start(python, share) for share in shares if share]
    for compiler in compilers:
        compiler.wait()


def _modules(tree):
    """Paths as bytes: an old Python cannot name every file in the C locale."""
    for directory, _, names in os.walk(tree):
        for name in names:
            if name.endswith(b".py") and b"\n" not in name:
                yield os.path.join(directory, name)


def _start(python, paths):
    command = [python, "-E", "-s", "-B", "-m", "compileall", "-q", "-i", "-"]
    with open(os.devnull, "w") as null:
        compiler = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=null, stderr=null, close_fds=True)
    compiler.stdin.write(b"\n".join(paths) + b"\n")
    compiler.stdin.close()
    return compiler
