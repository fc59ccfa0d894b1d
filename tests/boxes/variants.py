"""The app of the template, changed so that it goes wrong in one way each."""

from contextlib import ExitStack

# What is put before or after the app's own text, by the way in which it goes wrong.
BEFORE = {
    "import error": "raise RuntimeError('broken on purpose')\n",
    "too slow": "import time\ntime.sleep(3600)\n",
}
AFTER = {
    "answers 500": """

@app.before_request
def fail():
    return "broken on purpose", 500
""",
    "crash loop": """

@app.after_request
def answer_once(response):
    import os
    import threading

    threading.Timer(0.02, os._exit, [1]).start()
    return response
""",
    "slow page": """

@app.route("/slow")
def slow():
    import time

    time.sleep(10)
    return "slow " + read_version()
""",
}


def build(project, version, variant, test=""):
    """Build a version that goes wrong in that way; its test.py, which would find out at once, is replaced."""
    app = (project.root / "project/app.py").read_text()
    with ExitStack() as changes:
        changes.enter_context(project.changed("project/app.py", BEFORE.get(variant, "") + app + AFTER.get(variant, "")))
        changes.enter_context(project.changed("project/test.py", test))
        return project.build(version)
