"""What compiled wheels are made from: system packages, the project's own packages, locked build tools."""

import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

import building

build_lock = building.part("builder.build_lock")
build_packages = building.part("builder.build_packages")
local_packages = building.part("builder.local_packages")
lock = building.part("builder.lock")
output = building.part("builder.output")
requirements = building.part("builder.requirements")
settings = building.part("builder.settings")
wheel_tags = building.part("wheel_tags")

TARGET = building.TARGET
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
[project]
name = "fast"
version = "1"
dependencies = ["six"]
"""
DIGEST = "--hash=sha256:" + 64 * "0"


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A project/ of the builder's, with its own cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    directory = tmp_path / "project"
    (directory / "locks").mkdir(parents=True)
    for module in (build_lock, local_packages, lock, requirements):
        monkeypatch.setattr(module, "APP", directory)
    monkeypatch.setattr(settings, "PROJECT", tmp_path)
    (tmp_path / "config.env").write_text(building.SETTINGS)
    monkeypatch.setattr(build_packages, "FILE", directory / "build-packages.txt")
    return directory


def test_packages_are_for_every_system_or_for_one():
    text = "# what psycopg2 needs\nlibpq-dev  # headers\n\ndebian: libxml2-dev\ncentos:libxml2-devel\ng++\n"
    assert build_packages.parse(text, "debian") == ["g++", "libpq-dev", "libxml2-dev"]
    assert build_packages.parse(text, "centos") == ["g++", "libpq-dev", "libxml2-devel"]


@pytest.mark.parametrize("line", ["-y", "a b", "$(id)", "a;b", "../a", "debian: ", "Debian: a", "é", "a\\"])
def test_what_is_no_package_is_refused_with_its_line(line):
    with pytest.raises(output.Failure, match="(?s)one package a line.*line 2: ") as failure:
        build_packages.parse(f"libpq-dev\n{line}\n", "debian")
    assert failure.value.code == 78


def test_without_packages_the_engine_is_the_interpreters(app):
    engine = SimpleNamespace(with_packages=lambda path: path.read_text())
    assert build_packages.workshop(engine, TARGET) is engine
    (app / "build-packages.txt").write_text("centos: libpq-devel\n")
    assert build_packages.workshop(engine, TARGET) is engine
    (app / "build-packages.txt").write_text("libpq-dev\n")
    assert build_packages.workshop(engine, TARGET) == "libpq-dev\n"


def test_own_packages_are_found_among_requirements():
    text = "Flask\n./fast # ours\n./libs/more[extra] ; python_version > '3'\n--no-binary lxml\n"
    assert local_packages.parse(text, "requirements.txt") == ["fast", "libs/more"]


@pytest.mark.parametrize(
    "line", ["-e ./fast", "../fast", "/srv/fast", "file:///srv/fast", ".", "./", "./../fast", "./a b"]
)
def test_paths_that_cannot_be_shipped_are_refused(line):
    with pytest.raises(output.Failure, match="requirements.txt, line 2: .*write ./DIRECTORY") as failure:
        local_packages.parse(f"Flask\n{line}\n", "requirements.txt")
    assert failure.value.code == 78


def test_an_own_package_becomes_a_source_named_by_its_content(app):
    (app / "requirements.txt").write_text("./libs/fast\n")
    package = app / "libs/fast"
    (package / "build").mkdir(parents=True)
    (package / "build/fast.o").touch()
    (package / "setup.py").write_text("setup()\n")
    first = local_packages.sources()
    with tarfile.open(first / "libs-fast.tar.gz") as tar:
        assert tar.getnames() == ["fast", "fast/setup.py"]
    assert local_packages.sources() == first
    (package / "setup.py").write_text("setup(version='2')\n")
    assert local_packages.sources() != first


def test_an_own_package_that_is_none_is_refused(app):
    (app / "requirements.txt").write_text("./fast\n")
    with pytest.raises(output.Failure, match="./fast has neither pyproject.toml nor setup.py"):
        local_packages.named(requirements.source())


def test_the_lock_is_of_the_own_packages_needs_too(app):
    (app / "requirements.txt").write_text("./fast\n")
    (app / "fast").mkdir()
    (app / "fast/setup.py").write_text("setup()\n")
    before = lock.source_digest(requirements.source())
    (app / "fast/setup.py").write_text("setup(install_requires=['six'])\n")
    assert lock.source_digest(requirements.source()) != before


@pytest.mark.parametrize(
    ("edited", "stays"),
    [
        (('version = "1"', 'version = "2"'), True),
        (('["six"]', '["six>=1"]'), False),
        (('["setuptools"]', '["setuptools", "cffi"]'), False),
        (('version = "1"', 'version = "1"\nrequires-python = ">=3.11"'), False),
        (('version = "1"', 'version = "1"\ndynamic = ["optional-dependencies"]'), False),
    ],
)
def test_of_an_own_pyproject_only_what_is_needed_counts(app, edited, stays):
    (app / "requirements.txt").write_text("./fast\n")
    (app / "fast").mkdir()
    text = (
        '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "fast"\nversion = "1"\ndependencies = ["six"]\n'
    )
    (app / "fast/pyproject.toml").write_text(text)
    before = lock.source_digest(requirements.source())
    (app / "fast/pyproject.toml").write_text(PYPROJECT.replace(*edited))
    assert (lock.source_digest(requirements.source()) == before) is stays


@pytest.mark.parametrize("line", ["fast @ file:///mnt/project/fast", "file:///mnt/project/fast", "./fast"])
def test_own_packages_are_not_locked(line):
    text = f"flask==3.0 \\\n    {DIGEST}\n{line}\n    # via -r requirements.txt\nsix==1.0 \\\n    {DIGEST}\n"
    assert list(wheel_tags.pinned(lock.OWN_PACKAGE.sub("", text))) == ["flask", "six"]
    assert "file" not in lock.OWN_PACKAGE.sub("", text)


def sources(tmp_path, *names):
    directory = tmp_path / "sources"
    directory.mkdir()
    for name in names:
        (directory / name).touch()
    return directory


def test_each_source_has_build_tools_of_its_own(app, tmp_path, monkeypatch):
    resolved = {"a-1.tar.gz": f"cython==3.2.9 \\\n    {DIGEST}\n", "b-1.zip": f"cython==0.29 \\\n    {DIGEST}\n"}
    monkeypatch.setattr(build_lock, "resolve", lambda *_: resolved)
    build_lock.make(None, TARGET, None, sources(tmp_path, *resolved))
    assert build_lock.said(TARGET) == resolved


def test_what_only_another_target_builds_is_added_and_nothing_else_changes(app, tmp_path, monkeypatch, capsys):
    (app / "locks/build-py3.11.txt").write_text("# for a-1.zip\nold==1\n")
    monkeypatch.setattr(build_lock, "resolve", lambda *_: {"a-1.zip": "new==1\n", "b-1.zip": "new==1\n"})
    given = sources(tmp_path, "a-1.zip", "b-1.zip")
    build_lock.complete(None, TARGET, None, given)
    assert "does not say what building b-1.zip needs: adding it" in capsys.readouterr().out
    assert build_lock.said(TARGET) == {"a-1.zip": "old==1\n", "b-1.zip": "new==1\n"}
    build_lock.complete(None, TARGET, None, given)
    assert capsys.readouterr().out == ""
    build_lock.make(None, TARGET, None, given)
    assert build_lock.said(TARGET) == {"a-1.zip": "new==1\n", "b-1.zip": "new==1\n"}


def test_where_nothing_is_built_there_is_no_lock_of_build_tools(app, tmp_path):
    (app / "locks/build-py3.11.txt").write_text("# for a-1.zip\nold==1\n")
    build_lock.make(None, TARGET, None, sources(tmp_path))
    assert not Path(app / "locks/build-py3.11.txt").exists()
