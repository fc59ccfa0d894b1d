"""What is installed on a box is compiled once, all that can be."""

import os
import subprocess
import sys
from pathlib import Path

RELEASE_CODE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}" / "deploy" / "release"
SCRIPT = "import sys, bytecode; bytecode.compile_tree(sys.executable, sys.argv[1])"


def compile_tree(tree, directory=None):
    environment = {"PYTHONPATH": str(RELEASE_CODE), "LC_ALL": "C", "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-B", "-c", SCRIPT, tree], env=environment, cwd=directory, check=True, timeout=60)


def compiled_in(tree):
    return {name.partition(b".")[0] for name in os.listdir(os.path.join(os.fsencode(tree), b"__pycache__"))}


def test_every_module_is_compiled_and_what_is_none_is_passed_over(tmp_path):
    for number in range(9):
        (tmp_path / f"module{number}.py").write_text(f"VALUE = {number}\n")
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.py"), "w") as module:
        module.write("VALUE = 1\n")
    (tmp_path / "broken.py").write_text("this is no Python\n")
    (tmp_path / "data.txt").write_text("this is no Python\n")
    compile_tree(tmp_path)
    assert compiled_in(tmp_path) == {*(b"module%d" % number for number in range(9)), b"caf\xe9"}


def test_nothing_else_is_compiled_where_there_is_no_module(tmp_path):
    elsewhere, empty = tmp_path / "elsewhere", tmp_path / "empty"
    elsewhere.mkdir()
    (elsewhere / "module.py").write_text("VALUE = 1\n")
    empty.mkdir()
    compile_tree(empty, directory=elsewhere)
    assert os.listdir(elsewhere) == ["module.py"]
