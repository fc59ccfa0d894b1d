"""The pages that people read: their links lead somewhere."""

import re

from bake.template import SOURCE
from lab.project import TEMPLATE

LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def pages():
    """Return the pages of the template and of the projects it generates, in no other language than Markdown."""
    return [page for top in (TEMPLATE, SOURCE) for page in (top / "README.md", *sorted((top / "docs").glob("*.md")))]


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
