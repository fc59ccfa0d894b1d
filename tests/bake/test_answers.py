"""Hostile answers: each is accepted and comes back unchanged, or refused by name with nothing left behind."""

import re
import subprocess
import sys

import pytest
from cookiecutter.exceptions import FailedHookException

from bake.generated import answer
from bake.template import QUESTIONS
from lab.project import TEMPLATE

TEXT_QUESTIONS = [question for question, default in QUESTIONS.items() if isinstance(default, str)]
HOSTILE = {
    "empty": "",
    "space": "two words",
    "spaces around": " app ",
    "single quote": "it's",
    "double quote": 'the "app"',
    "dollar": "$HOME",
    "command": "$(touch pwned)",
    "backtick": "`touch pwned`",
    "semicolon": "x; touch pwned",
    "backslash": "app\\",
    "triple quote": 'x""" + open("pwned", "w").name + r"""',
    "newline": "app\nHEALTH_PATH='/pwned'",
    "last newline": "app\n",
    "carriage return": "app\r",
    "nul": "app\0",
    "accents": "Überwachung",
    "japanese": "監視",
    "emoji": "app \N{ROCKET}",
    "undecodable byte": "app\udcff",
    "right to left": "app\N{RIGHT-TO-LEFT OVERRIDE}ppa",
    "full-width digits": "\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}",
    "long": "a" * 5000,
    "parent": "../outside",
    "two parents": "../../outside",
    "below": "below/app",
    "dots": "..",
    "dot": ".",
    "hidden": ".app",
    "root": "/",
    "home": "~",
    "option": "-rf",
    "number": "12",
}
ACCEPTED = {
    "project_name": {
        *["space", "single quote", "double quote", "dollar", "command", "backtick", "semicolon", "backslash"],
        *["triple quote", "accents", "japanese", "emoji", "full-width digits", "number", "option", "home"],
        *["parent", "two parents", "below", "dots", "dot", "hidden", "root"],
    },
    "project_slug": {"number"},
    "app_name": set(),
    "app_module": set(),
    "health_path": {"root"},
    "target_version": {"number"},
    "python_version": set(),
}


def questions_named(message):
    return re.findall(r"^  (\w+): .* is refused$", message, re.MULTILINE)


def everything_below(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize(("question", "kind"), [(q, k) for q in TEXT_QUESTIONS for k in sorted(ACCEPTED[q])])
def test_a_strange_answer_that_is_accepted_comes_back_unchanged(bake, tmp_path, question, kind):
    project = bake(**{question: HOSTILE[kind]})
    assert answer(project, question) == HOSTILE[kind]
    assert everything_below(tmp_path)[:2] == ["out", f"out/{project.name}"]
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bad_answer_is_refused_by_every_question_it_does_not_fit_and_leaves_nothing(bake, tmp_path, capfd, kind):
    refusing = [question for question in TEXT_QUESTIONS if kind not in ACCEPTED[question]]
    with pytest.raises(FailedHookException):
        bake(**dict.fromkeys(refusing, HOSTILE[kind]))
    assert questions_named(capfd.readouterr().err) == refusing
    assert everything_below(tmp_path) == ["out"]


@pytest.mark.parametrize("question", TEXT_QUESTIONS)
def test_one_bad_answer_is_enough_and_no_other_question_is_named(bake, tmp_path, capfd, question):
    with pytest.raises(FailedHookException):
        bake(**{question: "a\nb"})
    assert questions_named(capfd.readouterr().err) == [question]
    assert everything_below(tmp_path) == ["out"]


def test_an_absolute_slug_is_refused_and_leaves_nothing(bake, tmp_path, capfd):
    with pytest.raises(FailedHookException):
        bake(project_slug=str(tmp_path / "elsewhere/app"))
    assert questions_named(capfd.readouterr().err) == ["project_slug"]
    assert everything_below(tmp_path) == ["out"]


def test_all_problems_are_reported_at_once(bake, tmp_path, capfd):
    with pytest.raises(FailedHookException):
        bake(**dict.fromkeys(TEXT_QUESTIONS, "a\nb"))
    assert questions_named(capfd.readouterr().err) == TEXT_QUESTIONS
    assert everything_below(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("question", "good"),
    [
        ("project_slug", "My_App-2.0"),
        ("app_name", "a"),
        ("app_name", "stock-room_2"),
        ("app_module", "shop.web:create_app()"),
        ("health_path", "/health"),
        ("health_path", "/api/v1/~ok_-."),
        ("target_version", "11"),
        ("target_version", "12.11"),
        ("python_version", "2.7.18"),
        ("python_version", "3.6.1"),
        ("python_version", "3.14.0"),
    ],
)
def test_a_good_answer_is_accepted(bake, question, good):
    assert answer(bake(**{question: good}), question) == good


@pytest.mark.parametrize("version", ["2.6.9", "3.5.10", "3.11", "3.11.2rc1", "3.11.2.1", "v3.11.2", "4.0.0"])
def test_a_python_that_cannot_be_shipped_is_refused(bake, capfd, version):
    with pytest.raises(FailedHookException):
        bake(python_version=version)
    assert questions_named(capfd.readouterr().err) == ["python_version"]


@pytest.mark.parametrize("version", ["7.40", "7.4.1708", "5.11"])
def test_versions_of_centos_as_people_write_them(bake, version):
    project = bake(target_os="centos", target_version=version, python_version="2.7.14")
    assert answer(project, "target_version") == version


@pytest.mark.parametrize(
    ("system", "version", "python", "reason"),
    [
        ("centos", "5", "3.12.1", "centos 5 can have Python 3.9.25; Python 3.12.1 can be had on centos 7"),
        ("debian", "99", "3.11.2", "debian 99 cannot be built for; these can: debian 11 12 13"),
        ("debian", "12", "3.11.99", "Python 3.11.99 is not in wheels/sources.json; near it are: 3.11.0"),
    ],
)
def test_what_the_builder_would_refuse_is_refused_with_its_reason(
    bake, tmp_path, capfd, system, version, python, reason
):
    with pytest.raises(FailedHookException):
        bake(target_os=system, target_version=version, python_version=python)
    assert reason in capfd.readouterr().err
    assert everything_below(tmp_path) == ["out"]


def test_an_existing_directory_is_left_as_it_is(bake):
    project = bake()
    (project / "config.env").write_text("mine")
    with pytest.raises(Exception, match="already exists"):
        bake()
    assert (project / "config.env").read_text() == "mine"


@pytest.fixture
def type_answers(tmp_path, tmp_path_factory):
    """Return type_answers(first_answer): it generates in tmp_path, all other answers being defaults."""
    directory = tmp_path_factory.mktemp("cookiecutter")
    config = directory / "config.yaml"
    config.write_text(f"cookiecutters_dir: {directory}\nreplay_dir: {directory}\n")

    def type_answers(first_answer):
        command = [sys.executable, "-m", "cookiecutter", "--config-file", config, TEMPLATE]
        typed = first_answer + "\n" * len(QUESTIONS)
        return subprocess.run(command, cwd=tmp_path, input=typed, capture_output=True, text=True, check=False)

    return type_answers


def test_a_typed_answer_is_not_rendered(tmp_path, type_answers):
    result = type_answers("Caf\u00e9 'Zur $HOME'")
    assert result.returncode == 0, result.stderr
    assert answer(tmp_path / "cafe-zur-home", "project_name") == "Caf\u00e9 'Zur $HOME'"


def test_a_typed_template_expression_is_refused(tmp_path, type_answers):
    result = type_answers("App {{ 7*7 }}")
    assert result.returncode != 0
    assert questions_named(result.stderr) == ["project_name"]
    assert everything_below(tmp_path) == []
