"""What is installed on a box is compiled once, all that can be."""

import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path

RELEASE_CODE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}" / "deploy" / "release"
COMPILE_TREE = "import sys, bytecode; bytecode.compile_tree(sys.executable, sys.argv[1])"
# What stands between the two is pip's part.
AHEAD = """
import sys, bytecode
seconds, place, site_packages, *wheels = sys.argv[1:]
bytecode.PROCESSORS, bytecode.LAST_SECONDS = 3, float(seconds)
ahead = bytecode.Ahead(sys.executable, wheels, place, site_packages)
ahead.put_in_place()
ahead.end()
"""


def run(script, *arguments, directory=None):
    environment = {"PYTHONPATH": str(RELEASE_CODE), "LC_ALL": "C", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-B", "-c", script, *arguments]
    subprocess.run(command, env=environment, cwd=directory, check=True, timeout=60)


def compile_tree(tree, directory=None):
    run(COMPILE_TREE, tree, directory=directory)


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


MODULES = {name: f"VALUE = {number}\n" for number, name in enumerate(("first/a.py", "first/in/b.py", "second.py"), 1)}
MODULES["no.py"] = "this is no Python\n"


def install(tmp_path, **changed):
    """Wheels of MODULES, and what pip made of them; returns what running AHEAD takes."""
    installed, wheels = tmp_path / "site-packages", []
    for path, text in MODULES.items():
        wheels.append(tmp_path / f"{path.replace('/', '_')}-1-py3-none-any.whl")
        with zipfile.ZipFile(wheels[-1], "w") as archive:
            archive.writestr(path, text)
        (installed / path).parent.mkdir(parents=True, exist_ok=True)
        (installed / path).write_text(changed.get((installed / path).stem, text))
    return tmp_path / "compiled", installed, *wheels


def test_wheels_are_compiled_while_pip_installs_them(tmp_path):
    place, installed, *wheels = install(tmp_path)
    run(AHEAD, "60", place, installed, *wheels)
    assert not place.exists()
    made = sorted(path.relative_to(installed) for path in installed.rglob("*.pyc"))
    expected = ("__pycache__/second", "first/__pycache__/a", "first/in/__pycache__/b")
    assert [str(path) for path in made] == [f"{path}.{sys.implementation.cache_tag}.pyc" for path in expected]
    data = (installed / made[1]).read_bytes()
    assert data[4:8] == b"\1\0\0\0", "never compared with its source (PEP 552)"
    assert marshal.loads(data[16:]).co_filename == str(installed / "first/a.py")
    os.utime(installed / "first/a.py", (1, 1))
    code = "import first.a; assert first.a.VALUE == 1 and first.a.__cached__"
    subprocess.run([sys.executable, "-B", "-c", code], cwd=installed, check=True)


def test_byte_code_of_another_source_than_is_installed_is_not_taken(tmp_path):
    place, installed, *wheels = install(tmp_path, a="VALUE = 9\n")
    run(AHEAD, "60", place, installed, *wheels)
    assert not list((installed / "first").glob("__pycache__/a.*"))
    compile_tree(installed)
    assert compiled_in(installed / "first") == {b"a"} and compiled_in(installed) == {b"second"}
    code = "import first.a; assert first.a.VALUE == 9"
    subprocess.run([sys.executable, "-B", "-c", code], cwd=installed, check=True)


def test_what_is_not_compiled_when_pip_has_installed_it_all_processors_share(tmp_path):
    place, installed, *wheels = install(tmp_path)
    many = {f"many/module{number}.py": f"VALUE = [{number}] * 9\n" * 300 for number in range(99)}
    with zipfile.ZipFile(wheels[0], "w") as archive:
        for path, text in many.items():
            archive.writestr(path, text)
            (installed / path).parent.mkdir(exist_ok=True)
            (installed / path).write_text(text)
    run(AHEAD, "0.3", place, installed, *wheels)
    assert not place.exists()
    made = list((installed / "many/__pycache__").glob("*"))
    assert all(marshal.loads(path.read_bytes()[16:]).co_filename.startswith(str(installed)) for path in made)
    compile_tree(installed)
    assert compiled_in(installed / "many") == {b"module%d" % number for number in range(99)}


def test_no_wheels_are_no_trouble(tmp_path):
    run(AHEAD, "60", tmp_path / "compiled", tmp_path)
    assert list(tmp_path.iterdir()) == []
