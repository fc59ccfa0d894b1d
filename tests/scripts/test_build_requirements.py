"""What building a source distribution needs: what its pyproject.toml states, and what its backend asks for besides."""

import subprocess
import sys

import pytest

import building

SCRIPT = building.TEMPLATE / "wheels/list_build_requirements.py"
build_lock = building.part("builder.build_lock")

OWN_BACKEND = '[build-system]\nrequires = ["a>=1"]\nbuild-backend = "own"\nbackend-path = ["tools"]\n'
ASKS = 'def get_requires_for_build_wheel(config_settings=None):\n    print("noise")\n    return {}\n'
LOCK = """\
--only-binary :all:

a==1 \\
    --hash=sha256:0

# The following packages are considered to be unsafe in a requirements file:
setuptools==44.1.1 \\
    --hash=sha256:1
"""


@pytest.fixture
def source(tmp_path):
    """An unpacked source distribution, and what writes files into it."""
    directory = tmp_path / "source"
    top = directory / "misaka-2.1.1"
    top.mkdir(parents=True)

    def write(files):
        for name, text in files.items():
            (top / name).parent.mkdir(exist_ok=True)
            (top / name).write_text(text)
        return directory

    return write


def listed(which, source, tmp_path, **environment):
    output = tmp_path / "output"
    command = [sys.executable, "-B", SCRIPT, which, source, output]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return output.read_text().splitlines()


@pytest.mark.parametrize(
    ("files", "requirements"),
    [
        ({"setup.py": ""}, ["setuptools", "wheel"]),
        ({"pyproject.toml": "[tool.ruff]\n"}, ["setuptools", "wheel"]),
        ({"pyproject.toml": OWN_BACKEND}, ["a>=1", "wheel"]),
    ],
)
def test_what_is_stated(source, tmp_path, files, requirements):
    assert listed("stated", source(files), tmp_path) == requirements


def test_what_a_backend_of_its_own_asks_for(source, tmp_path):
    files = {"pyproject.toml": OWN_BACKEND, "tools/own.py": ASKS.format(["cffi>=1.0.0", "a>=1"])}
    assert listed("asked", source(files), tmp_path) == ["cffi>=1.0.0"]


def test_without_a_pyproject_setuptools_is_asked_as_it_was_before_there_were_backends(source, tmp_path):
    package = tmp_path / "environment/setuptools"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "build_meta.py").write_text(f"import sys\n{ASKS.format(['cffi'])}\n__legacy__ = sys.modules[__name__]\n")
    assert listed("asked", source({"setup.py": ""}), tmp_path, PYTHONPATH=str(package.parent)) == ["cffi"]


def test_pins_alone_are_kept():
    assert build_lock.pins_alone(LOCK).splitlines() == [
        *("a==1 \\", "    --hash=sha256:0", "setuptools==44.1.1 \\", "    --hash=sha256:1"),
    ]
