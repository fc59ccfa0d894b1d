"""What is generated: no Jinja left over, scripts as they are in the template, answers where they belong."""

import itertools
import re
import stat

import pytest

from bake.generated import settings, targets
from bake.template import QUESTIONS, SOURCE
from lab.project import TEMPLATE

SETTINGS = ("APP_NAME", "APP_MODULE", "HEALTH_PATH", "WORKER_CLASS", "STATIC_URL", "STATIC_DIR", "REQUIREMENTS")
RENDERED = {"config.env", "deploy/targets.json", "README.md"}
CHOICES = {question: choices for question, choices in QUESTIONS.items() if isinstance(choices, list)}
COMBINATIONS = [dict(zip(CHOICES, combination, strict=True)) for combination in itertools.product(*CHOICES.values())]


def files(directory):
    """Return {path in the project: file}, without what running a script there leaves behind."""
    return {
        str(file.relative_to(directory)): file
        for file in sorted(directory.rglob("*"))
        if file.is_file() and not {"__pycache__", ".pytest_cache", ".ruff_cache"} & set(file.parts)
    }


def is_executable(file):
    return bool(file.stat().st_mode & stat.S_IXUSR)


@pytest.mark.parametrize("answers", COMBINATIONS, ids=lambda answers: "-".join(answers.values()))
def test_every_combination_of_choices_gives_a_project_for_it(bake, answers):
    project = bake(**answers)
    assert files(project).keys() == files(SOURCE).keys()
    (target,) = targets(project)
    assert (target["os"], target["bit"], target["python"]) == (answers["target_os"], "64", ["3.11.2"])


def test_default_answers_give_the_documented_settings(bake):
    project = bake()
    assert project.name == "my-flask-app"
    answers = {"APP_NAME": "app", "APP_MODULE": "app:app", "HEALTH_PATH": "/"}
    assert settings(project) == {**dict.fromkeys(SETTINGS, ""), **answers}
    assert targets(project) == [{"os": "debian", "version": "12", "bit": "64", "python": ["3.11.2"]}]


def test_nothing_of_the_template_language_is_left(bake):
    project = bake()
    for name, file in files(project).items():
        assert "cookiecutter." not in file.read_text(encoding="utf-8"), name
    for name in RENDERED:
        assert not re.search(r"\{\{|\{%|\{#", (project / name).read_text(encoding="utf-8")), name


def test_all_but_the_rendered_files_are_copied_byte_for_byte(bake):
    generated = files(bake())
    for name, original in files(SOURCE).items():
        if name not in RENDERED:
            assert generated[name].read_bytes() == original.read_bytes(), name


def test_executables_stay_executable(bake):
    generated = files(bake())
    originals = files(SOURCE)
    assert {n for n in generated if is_executable(generated[n])} == {
        n for n in originals if is_executable(originals[n])
    }


def test_scripts_that_make_and_people_run_are_executable(bake):
    project = bake()
    verbs = re.findall(r"^\t@?(deploy/\w+\.sh)", (project / "Makefile").read_text(), re.MULTILINE)
    assert "deploy/build_tarball.sh" in verbs
    for script in [*verbs, "deploy/tools.sh", "project/run.sh"]:
        assert is_executable(project / script), script
        assert (project / script).read_bytes().startswith(b"#!"), script


@pytest.mark.parametrize("link", ["deploy", "project", "wheels"])
def test_the_template_shows_its_parts_at_the_top(link):
    assert (TEMPLATE / link).is_symlink()
    assert (TEMPLATE / link).resolve() == SOURCE / link


PYTHON_2 = ("deploy/release", "deploy/box", "wheels", "project")


@pytest.mark.parametrize("directory", PYTHON_2)
def test_what_python_2_reads_is_ascii(directory):
    """PEP 263: without a declaration of its encoding, Python 2 refuses any other byte in a source."""
    sources = sorted((SOURCE / directory).rglob("*.py"))
    assert sources
    assert [path.name for path in sources if not path.read_bytes().isascii()] == []
