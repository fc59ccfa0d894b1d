"""Read a generated project back, independently of the project's own readers."""

import json
import re
import shlex

SETTINGS = {"app_name": "APP_NAME", "app_module": "APP_MODULE", "health_path": "HEALTH_PATH"}


def settings(project):
    """Return config.env as a dict, quotes read as a shell would; a line that is no setting is an error."""
    text = (project / "config.env").read_text(encoding="utf-8")
    words = shlex.split(text, comments=True)
    return dict(word.split("=", 1) for word in words)


def targets(project):
    """Return deploy/targets.json, whose trailing comma plain JSON does not know."""
    text = (project / "deploy/targets.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r",\s*\]\s*$", "]", text))


def answer(project, question):
    """Return the answer to `question` as the generated project states it."""
    if question == "project_slug":
        return project.name
    if question == "project_name":
        return (project / "README.md").read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")
    if question == "target_version":
        return targets(project)[0]["version"]
    if question == "python_version":
        return targets(project)[0]["python"][0]
    return settings(project)[SETTINGS[question]]
