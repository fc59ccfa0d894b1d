"""The pages that people read, and the commands in them."""

import re

from bake.template import SOURCE
from lab.project import TEMPLATE


def pages():
    """Return the pages of the template and of the projects it generates."""
    return [page for top in (TEMPLATE, SOURCE) for page in (top / "README.md", *sorted((top / "docs").glob("*.md")))]


def commands(page, heading=""):
    """Return the command lines of a page's indented blocks, comments cut off; with a heading, those of its section."""
    text = page.read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    lines = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return [re.split(r"\s+#", line)[0].strip() for line in lines]


def spoken(page):
    """Return what a page sets in code within its sentences and tables."""
    return re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))
