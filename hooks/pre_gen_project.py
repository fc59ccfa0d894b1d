"""Check every answer before anything is generated, and name all that is wrong at once.

Cookiecutter renders this file and runs it in the new, still empty project directory; when it exits with 1,
Cookiecutter removes that directory. Two things are settled before it runs: target_os is a choice, which
Cookiecutter itself enforces; and a project_slug that is no plain file name has been swapped for a harmless
one (cookiecutter.json), because Cookiecutter makes the directory first, wherever an answer like `../x`
points, and leaves its parents behind. Whether CPython can be built for the target at all is the builder's
question, and its own code is asked (deploy/builder/pairs.py).
"""

import json
import os
import re
import sys
from pathlib import Path

# `tojson` writes a quote as \", so no answer can end this literal.
ANSWERS = json.loads(
    r"""
{{ cookiecutter | tojson }}
"""
)

# question: (pattern of the whole answer, what a right answer looks like)
RULES = {
    "app_name": (
        r"[a-z][a-z0-9_-]{0,31}",
        "a lower-case letter, then up to 31 of a-z 0-9 _ -, like app",
    ),
    "app_module": (
        r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*(\(\))?",
        "module:variable or module:function(), like app:app or shop.web:create_app()",
    ),
    "health_path": (
        r"/[A-Za-z0-9._~/-]*",
        "a slash, then letters, digits and . _ ~ / -, like /health",
    ),
    "target_version": (
        r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}",
        "up to three numbers with dots between, like 12, 7.4 or 24.04",
    ),
    "python_version": (
        r"(2\.7|3\.([6-9]|[1-9][0-9]))\.[0-9]{1,2}",
        "all three numbers of a release of Python 2.7 or 3.6 and later, like 3.11.2",
    ),
}
SLUG_RULE = (
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "a plain directory name: a letter or digit, then up to 63 of A-Z a-z 0-9 . _ -, like my-flask-app",
)
NAME_WANTED = "1 to 100 printable characters on one line, no space at either end, no {-brace before {, % or #"


def problem(question, answer, wanted):
    return f"  {question}: {shown(answer)} is refused\n    wanted: {wanted}"


def shown(answer):
    """Return the answer quoted, in ASCII (the terminal may know no more), and no longer than a line."""
    text = ascii(answer)
    return text if len(text) <= 70 else f"{text[:60]}... ({len(answer)} characters)"


def is_name(answer):
    """A title for people. Jinja's marks are refused: an update of the project would render them."""
    return (
        1 <= len(answer) <= 100
        and answer.isprintable()
        and answer == answer.strip()
        and not re.search(r"\{[%#{]", answer)
    )


def problems(answers):
    """Yield one text for every answer that is wrong, in the order of the questions."""
    if not is_name(answers["project_name"]):
        yield problem("project_name", answers["project_name"], NAME_WANTED)
    rules = [("project_slug", answers["__slug_as_answered"], SLUG_RULE)]
    rules += [(question, answers[question], rule) for question, rule in RULES.items()]
    for question, answer, (pattern, wanted) in rules:
        if not re.fullmatch(pattern, answer):
            yield problem(question, answer, wanted)


def builder_directory(answers):
    """Return the template's deploy/, None where it cannot be found from here.

    Cookiecutter gives a local template's path as it was typed, relative to where the user's shell is.
    """
    template = Path(os.environ.get("PWD", ""), answers.get("_repo_dir", ""))
    return next(template.glob("*/deploy/builder/pairs.py"), Path()).parent.parent if template.is_absolute() else None


def pair_problems(answers):
    """Yield one text if no such Python can be built for such a system, with the nearest that can."""
    deploy = builder_directory(answers)
    if not deploy or deploy == Path():
        return
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(deploy))
    from builder import output, pairs, targets

    row = {"os": answers["target_os"], "version": answers["target_version"], "bit": "64"}
    text = json.dumps([{**row, "python": [answers["python_version"]]}])
    try:
        pairs.check(targets.parse(text, "x86_64"))
    except output.Failure as failure:
        yield f"  target_os, target_version, python_version: {failure}"


def main():
    found = list(problems(ANSWERS)) or list(pair_problems(ANSWERS))
    if found:
        print("error: these answers cannot be used; nothing was generated", file=sys.stderr)
        print("\n".join(found), file=sys.stderr)
        sys.exit(1)


main()
