"""Which file says what the app needs, and what locks of other tools say of it.

adopted/ holds what uv 0.13, Poetry 2.5 and Pipenv 2026.10 wrote for the same few dependencies, and a project of
Poetry's before [project].
"""

import re
import shutil
from pathlib import Path

import pytest

import building

lock = building.part("builder.lock")
output = building.part("builder.output")
requirements = building.part("builder.requirements")
tools = building.part("builder.tools")

ADOPTED = Path(__file__).parent / "adopted"
PYPROJECT = '[project]\nname = "board"\nversion = "1"\ndependencies = ["Flask"]\n'


@pytest.fixture
def app(app_directory, tmp_path, monkeypatch):
    """A project/ of the builder's; its libraries are those of the tests."""
    monkeypatch.setattr(tools, "make_libraries_importable", lambda: None)
    configure(tmp_path)
    return app_directory


def configure(root, value=""):
    (root / "config.env").write_text(f"{building.SETTINGS}REQUIREMENTS='{value}'\n")


def adopt(app, name):
    shutil.copytree(ADOPTED / name, app, dirs_exist_ok=True)
    return requirements.source()


def refusal(function, *arguments):
    with pytest.raises(output.Failure) as failure:
        function(*arguments)
    assert failure.value.code == 78
    return str(failure.value)


def test_the_one_file_that_is_there_counts(app):
    for name in ("requirements.txt", "Pipfile.lock"):
        (app / name).write_text("")
        assert requirements.source() == requirements.Source(name)
        (app / name).unlink()
    (app / "pyproject.toml").write_text(PYPROJECT)
    assert requirements.source().name == "pyproject.toml"
    for name in ("uv.lock", "poetry.lock"):
        (app / name).write_text("")
        assert requirements.source().name == name
        (app / name).unlink()


def test_a_pyproject_for_other_tools_alone_does_not_count(app):
    (app / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    (app / "requirements.txt").write_text("Flask\n")
    assert requirements.source().name == "requirements.txt"


def test_several_files_are_refused_until_config_env_names_one(app, tmp_path):
    (app / "requirements.txt").write_text("Flask\n")
    (app / "pyproject.toml").write_text(PYPROJECT)
    message = refusal(requirements.source)
    assert "project/ has requirements.txt and pyproject.toml" in message
    assert "config.env" in message and "REQUIREMENTS='pyproject.toml'" in message
    configure(tmp_path, "pyproject.toml")
    assert requirements.source().name == "pyproject.toml"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("", "nothing in project/ says what the app needs: write requirements.txt"),
        ("requirements/production.txt", "there is no project/requirements/production.txt"),
    ],
)
def test_none_is_refused(app, tmp_path, wanted, message):
    configure(tmp_path, wanted)
    assert message in refusal(requirements.source)


def test_a_pipfile_alone_is_not_enough(app):
    (app / "Pipfile").write_text("")
    assert "pipenv lock" in refusal(requirements.source)


def test_included_files_belong_to_the_lock(app, tmp_path):
    (app / "requirements").mkdir()
    (app / "requirements/base.txt").write_text("Flask\n")
    (app / "requirements/production.txt").write_text("-r base.txt\ngunicorn\n")
    configure(tmp_path, "requirements/production.txt")
    source = requirements.source()
    assert [path.name for path in requirements.files(source)] == ["production.txt", "base.txt"]
    (app / "requirements/base.txt").unlink()
    assert "project/requirements/base.txt cannot be read" in refusal(requirements.files, source)


@pytest.mark.parametrize("name", ["uv", "poetry"])
def test_a_lock_pins_what_pyproject_wants(app, name):
    source = adopt(app, name)
    assert requirements.wanted(source) == ["click", "itsdangerous>=2"]
    pins = {(pin.name, pin.version): pin for pin in requirements.pins(source)}
    assert pins["itsdangerous", "2.2.0"].constraint == "itsdangerous==2.2.0"
    assert len(pins["itsdangerous", "2.2.0"].hashes) == 2
    assert all(one.startswith("sha256:") for pin in pins.values() for one in pin.hashes)
    assert "board" not in {name for name, _version in pins}


def test_a_lock_without_its_pyproject_is_refused(app):
    adopt(app, "uv")
    (app / "pyproject.toml").unlink()
    assert "project/pyproject.toml cannot be read: No such file" in refusal(lock.source_digest, requirements.source())


def test_versions_for_several_pythons_keep_their_markers(app):
    constraints = [pin.constraint for pin in requirements.pins(adopt(app, "uv"))]
    assert [line for line in constraints if line.startswith("click")] == [
        "click==8.1.8 ; (python_full_version < '3.10')",
        "click==8.5.1 ; (python_full_version >= '3.10')",
    ]


def test_poetry_1_does_not_say_for_which_python_a_version_is(app):
    source = adopt(app, "poetry")
    text = (app / "poetry.lock").read_text()
    (app / "poetry.lock").write_text(text + text[text.index("[[package]]") : text.index("[metadata]")])
    assert "lock again with Poetry 2" in refusal(requirements.pins, source)


def test_a_pipfile_lock_is_wanted_whole(app):
    source = adopt(app, "pipenv")
    assert requirements.wanted(source) == [
        "click==8.5.1 ; python_version >= '3.10'",
        "itsdangerous==2.2.0 ; python_version >= '3.8'",
    ]


def test_poetry_s_own_table_is_read(app):
    assert requirements.wanted(adopt(app, "poetry-table")) == [
        "click (>=8.0,<9.0)",
        'itsdangerous (>=2.1,<2.2) ; python_version < "3.13"',
    ]


def test_optional_dependencies_are_named_in_brackets(app, tmp_path):
    configure(tmp_path, "uv.lock[production]")
    assert requirements.wanted(adopt(app, "uv")) == ["click", "itsdangerous>=2", "blinker"]
    configure(tmp_path, "uv.lock[staging]")
    assert "no optional-dependencies staging" in refusal(lambda: requirements.wanted(requirements.source()))


@pytest.mark.parametrize(
    ("edited", "stays"),
    [
        (('version = "1"', 'version = "2"\nreadme = "README.md"'), True),
        (('"Flask"', '"Flask", "click"'), False),
        (('"Flask"', '"Flask>=3"'), False),
    ],
)
def test_a_lock_is_of_the_dependencies_of_a_pyproject_and_not_of_the_rest(app, edited, stays):
    (app / "pyproject.toml").write_text(PYPROJECT)
    before = lock.source_digest(requirements.source())
    (app / "pyproject.toml").write_text(PYPROJECT.replace(*edited) + "[tool.ruff]\nline-length = 100\n")
    assert (lock.source_digest(requirements.source()) == before) is stays


@pytest.mark.parametrize("tool", ["uv", "poetry"])
def test_a_lock_is_of_what_another_tool_has_pinned(app, tool):
    before = lock.source_digest(adopt(app, tool))
    (app / f"{tool}.lock").write_text("# a comment\n" + (app / f"{tool}.lock").read_text())
    assert lock.source_digest(requirements.source()) == before
    text = (app / f"{tool}.lock").read_text()
    (app / f"{tool}.lock").write_text(text.replace('"2.2.0"', '"2.1.0"'))
    assert lock.source_digest(requirements.source()) != before


def test_optional_dependencies_belong_to_the_lock(app, tmp_path):
    before = lock.source_digest(adopt(app, "uv"))
    configure(tmp_path, "uv.lock[production]")
    assert lock.source_digest(requirements.source()) != before


def test_what_is_no_toml_is_refused(app):
    (app / "pyproject.toml").write_text('dependencies = ["Flask"\n')
    source = requirements.source()
    assert "project/pyproject.toml is not TOML" in refusal(requirements.wanted, source)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("Pipfile.lock", "{", "project/Pipfile.lock is not of the form of a Pipfile.lock: Expecting"),
        ("Pipfile.lock", "{}", "project/Pipfile.lock is not of the form of a Pipfile.lock: 'default'"),
        ("pyproject.toml", 'project = "board"\ndependencies = ["Flask"]\n', "of the form of a pyproject.toml"),
        ("pyproject.toml", "[project]\ndependencies = [1]\n", "dependencies are a list of strings"),
    ],
)
def test_what_has_another_form_is_refused(app, name, text, message):
    (app / name).write_text(text)
    assert message in refusal(lock.source_digest, requirements.source())


def test_what_is_not_utf_8_is_refused_with_its_line(app):
    (app / "requirements.txt").write_bytes("Flask\n# gr\u00fcn\n".encode("latin-1"))
    assert refusal(requirements.files, requirements.source()) == (
        "project/requirements.txt, line 2: this is not UTF-8; save it as UTF-8"
    )


def test_a_mark_at_the_beginning_as_windows_editors_put_it_is_no_matter(app, tmp_path):
    (tmp_path / "config.env").write_text("\ufeff" + building.SETTINGS)
    (app / "requirements.txt").write_text("\ufeff-r base.txt\r\nFlask\r\n")
    (app / "base.txt").write_text("")
    assert [path.name for path in requirements.files(requirements.source())] == ["requirements.txt", "base.txt"]


def test_dynamic_dependencies_are_those_of_the_file_that_they_come_from(app, tmp_path):
    text = '[project]\nname = "board"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\n'
    (app / "pyproject.toml").write_text(f'{text}dependencies = {{ file = ["requirements.txt"] }}\n')
    assert "pyproject.toml there lists no dependencies (dynamic ones do not count)" in refusal(requirements.source)
    (app / "requirements.txt").write_text("Flask\n")
    assert requirements.source().name == "requirements.txt"
    configure(tmp_path, "pyproject.toml")
    assert "its dependencies are dynamic; let REQUIREMENTS in config.env name" in refusal(
        lock.source_digest, requirements.source()
    )


def test_a_lock_keeps_the_hashes_of_the_lock_that_it_is_made_from(app):
    (app / "requirements.txt").write_text(
        "click==8.1.8 \\\n    --hash=sha256:" + 64 * "a" + "\nitsdangerous==2.2.0 --hash=sha256:" + 64 * "b" + "\n"
    )
    text = "".join(
        f"{pin} \\\n    --hash=sha256:{64 * '0'} \\\n    --hash=sha256:{64 * '1'}\n    # via -r requirements.txt\n"
        for pin in ("click==8.1.8", "itsdangerous==2.2.0 ; python_version > '3'", "gunicorn==23.0.0")
    )
    made = lock.with_hashes_of(requirements.pins(requirements.source()), text)
    assert re.findall(r"^(\S+)==.*|--hash=sha256:(.)", made, re.MULTILINE) == [
        *(("click", ""), ("", "a"), ("itsdangerous", ""), ("", "b")),
        *(("gunicorn", ""), ("", "0"), ("", "1")),
    ]
    assert made.count("# via -r requirements.txt") == 3
    assert "itsdangerous==2.2.0 ; python_version > '3' \\\n" in made


def test_the_builder_s_libraries_are_those_of_the_tests():
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)", tools.LIBRARIES.read_text(), re.MULTILINE)[:2])
    tests = (Path(__file__).parents[1] / "requirements.txt").read_text()
    assert pinned.keys() == {"pathspec", "poetry-core"}
    assert all(f"\n{name}=={version}\n" in tests for name, version in pinned.items())
