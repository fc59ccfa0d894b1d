"""Where the template's parts are, and what it asks."""

import json

from lab.project import TEMPLATE

SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
QUESTIONS = {
    key: default
    for key, default in json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8")).items()
    if not key.startswith("_")
}
