"""The pages that people read: links lead somewhere, and what commands name is there.

tests/boxes/test_docs.py runs the commands.
"""

import re

import pytest

from bake.pages import commands, pages, spoken
from bake.template import SOURCE
from lab.project import TEMPLATE

LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
MAKE = re.compile(r"^make ([a-z-]+)((?: .*)?)$")
ASSIGNED = re.compile(r"\b([A-Z][A-Z_]+)=")
FILES = re.compile(r"(?<![\w/.~-])(?:\.\./)*((?:deploy|docs|wheels)/[\w./-]+\.(?:sh|json|md|txt|py|png|svg))")
SCRIPTS = ("setup.sh", "activate.sh")
# Variables of tools that commands in the pages are given to.
OF_OTHERS = {"DJANGO_SETTINGS_MODULE", "PYTHONPATH", "MAKEFLAGS"}


def texts(page):
    return [*commands(page), *spoken(page)]


def makefiles(page):
    """The Makefiles whose verbs a page may name: a project's page has its own, the template's both."""
    return [SOURCE / "Makefile"] if SOURCE in page.parents else [TEMPLATE / "Makefile", SOURCE / "Makefile"]


def known_words():
    """All that the Makefiles and the headers of scripts say, config.env and the settings of a box among it."""
    scripts = [*(SOURCE / "deploy").glob("*.sh"), SOURCE / "config.env"]
    return "\n".join(file.read_text() for file in [TEMPLATE / "Makefile", SOURCE / "Makefile", *scripts])


def anchors(page):
    """Return what GitHub would call the headings of a page in an address."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page):
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            yield f"{page.relative_to(TEMPLATE)}: {path}#{anchor}"


def test_every_link_leads_somewhere():
    assert [link for page in pages() for link in dead_links(page)] == []


def test_the_projects_pages_lead_nowhere_outside_of_the_project():
    for page in pages():
        if SOURCE in page.parents:
            for path, _ in LINK.findall(page.read_text(encoding="utf-8")):
                assert SOURCE in (page.parent / path).resolve().parents, f"{page.name}: {path}"


def named(page, shown=lambda page: str(page.relative_to(TEMPLATE)).replace("{{cookiecutter.project_slug}}", "project")):
    return shown(page)


@pytest.mark.parametrize("page", pages(), ids=named)
def test_verbs_and_their_variables_are_there(page):
    verbs = {verb for file in makefiles(page) for verb in re.findall(r"^([a-z-]+):", file.read_text(), re.MULTILINE)}
    words = known_words()
    for text in texts(page):
        match = MAKE.match(text)
        if match:
            assert match[1] in verbs, text
            for variable in ASSIGNED.findall(match[2]):
                assert re.search(rf"\b{variable}\b", words) or variable in OF_OTHERS, f"{variable} in: {text}"


@pytest.mark.parametrize("page", pages(), ids=named)
def test_files_that_are_named_are_there(page):
    tops = [SOURCE] if SOURCE in page.parents else [TEMPLATE, SOURCE]
    for text in texts(page):
        for name in FILES.findall(text.replace("{{cookiecutter.project_slug}}/", "")):
            assert any((top / name).exists() for top in tops), f"{name} in: {text}"


@pytest.mark.parametrize("page", pages(), ids=named)
@pytest.mark.parametrize("script", SCRIPTS)
def test_options_and_settings_of_scripts_are_there(page, script):
    header = (SOURCE / "deploy" / script).read_text()
    for text in texts(page):
        if script in text and not text.startswith("make"):
            rest = text.split(script, 1)[1].split("#")[0]
            for word in re.findall(r"--[a-z-]+|\b[A-Z]{4,}(?==)", rest):
                assert re.search(rf"{word}\b", header), f"{word} in: {text}"


def test_every_verb_is_in_a_page_of_the_project():
    spoken_of = " ".join(text for page in pages() if SOURCE in page.parents for text in texts(page))
    verbs = re.findall(r"^([a-z-]+):.*## ", (SOURCE / "Makefile").read_text(), re.MULTILINE)
    assert [verb for verb in verbs if verb != "help" and not re.search(rf"\bmake {verb}\b", spoken_of)] == []


def test_every_setting_of_config_env_is_explained_there():
    text = (SOURCE / "config.env").read_text()
    for name in re.findall(r"^([A-Z_]+)=", text, re.MULTILINE):
        above = text[: text.index(f"\n{name}=")].splitlines()
        assert above[-1].startswith("#") or re.match(r"[A-Z_]+=", above[-1]), name
