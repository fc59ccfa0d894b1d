"""Where things are in a project, and what its config.env says."""

import os
import re
from pathlib import Path
from typing import NamedTuple, Optional

from builder.output import SETTINGS, Failure, detail

PROJECT = Path(__file__).resolve().parents[2]
# What kit.sh laid out is packed instead of the app: a bundle that serves nothing.
KIT = os.environ.get("KIT_APP", "")
APP = Path(KIT) if KIT else PROJECT / "project"
# Where a person finds the locks: kit.sh keeps the kit's beside what they are made of.
LOCKS = "tests/locks" if KIT else "project/locks"
WHEELS = PROJECT / "wheels"
DEPLOY = PROJECT / "deploy"
DIST = PROJECT / "dist"

LINE = re.compile(r"([A-Z_]+)='([^']*)'")
# Names without a dot or a dash in front lead neither up nor to hidden files, and are nobody's options.
NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
PATH = rf"{NAME}(/{NAME})*"


def shown(path: Path) -> Path:
    """Return a path as messages name it: from the project's directory on."""
    return path.relative_to(PROJECT) if PROJECT in path.parents else path


def text_of(path: Path) -> str:
    """Return the text of a file that the project's user writes; Failure 78 if it cannot be read, or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")  # Windows' editors put a mark at the beginning
    except OSError as error:
        raise Failure(SETTINGS, f"{shown(path)} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Failure(SETTINGS, f"{shown(path)}, line {line}: this is not UTF-8; save it as UTF-8") from error


class Rule(NamedTuple):
    """What a setting may be: a pattern of the whole value, the same in words, what holds where config.env is silent."""

    pattern: str
    wanted: str
    default: Optional[str] = None


RULES = {
    "APP_NAME": Rule(r"[a-z][a-z0-9_-]{0,31}", "a lower-case letter, then up to 31 of a-z 0-9 _ -, like 'app'"),
    "APP_MODULE": Rule(
        r"[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(\))?",
        "module:variable or module:function(), like 'app:app' or 'shop.web:create_app()'",
    ),
    "HEALTH_PATH": Rule(r"/[A-Za-z0-9._~/-]*", "a slash, then letters, digits and . _ ~ / -, like '/health'"),
    "WORKER_CLASS": Rule(
        r"([A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?", "'' or a worker of gunicorn, like 'uvicorn_worker.UvicornWorker'", ""
    ),
    "STATIC_URL": Rule(
        r"(/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)+)?", "'' or a path with a slash at both ends, like '/static/'", ""
    ),
    "STATIC_DIR": Rule(
        rf"((?!(instance|wheels|deploy)(/|$)){PATH})?",
        "'' or a directory of the release, like 'static'; not in instance, wheels or deploy",
        "",
    ),
    "REQUIREMENTS": Rule(
        rf"({PATH}(\[{NAME}(,{NAME})*\])?)?",
        "'' or a file below project/, like 'requirements/production.txt' or 'pyproject.toml[production]'",
        "",
    ),
}
# What only the build needs; the box need not know it.
OF_THE_BUILD = ("REQUIREMENTS",)


class Settings(NamedTuple):
    """The answers that a bundle needs: the fields are RULES in lower case."""

    app_name: str
    app_module: str
    health_path: str
    worker_class: str = ""
    static_url: str = ""
    static_dir: str = ""
    requirements: str = ""

    def for_the_box(self) -> dict[str, str]:
        """Return the lines of BUNDLE that the box works with; what is not set has none."""
        values = {name.upper(): value for name, value in self._asdict().items() if value}
        return {name: values[name] for name in RULES if name in values and name not in (*OF_THE_BUILD, "APP_NAME")}


def parse(text: str) -> dict[str, tuple[str, str]]:
    """Return the settings of config.env's text, each with the place it stands at; it is never run by a shell."""
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if not match:
            raise Failure(SETTINGS, f"config.env, line {number}: write KEY='value', with single quotes")
        if match[1] not in RULES:
            known = ", ".join(RULES)
            raise Failure(SETTINGS, f"config.env, line {number}: {match[1]} is no setting; there are {known}")
        if match[1] in values:
            raise Failure(SETTINGS, f"{values[match[1]][1]}: {match[1]} stands in line {number} too; remove one")
        values[match[1]] = match[2], f"config.env, line {number}"
    return values


def overridden() -> dict[str, tuple[str, str]]:
    """Return the settings that the environment gives, as in make tarball VERSION=1 HEALTH_PATH=/up."""
    return {name: (os.environ[name], "the environment") for name in RULES if os.environ.get(name)}


def problems(values: dict[str, tuple[str, str]]) -> list[str]:
    """Return what is wrong with settings, each with the place to mend it."""
    found = []
    for name, rule in RULES.items():
        value, place = values.get(name, (rule.default, "config.env"))
        if value is None:
            found.append(f"{place}: {name} is missing; add {name}='…': {rule.wanted}")
        elif not re.fullmatch(rule.pattern, value, re.ASCII):
            found.append(f"{place}: {name} is {value!r}; wanted: {rule.wanted}")
    static = [name for name in ("STATIC_URL", "STATIC_DIR") if values.get(name, ("", ""))[0]]
    if len(static) == 1:
        found.append(f"{values[static[0]][1]}: STATIC_URL and STATIC_DIR belong together; set both or neither")
    return found


def given() -> dict[str, tuple[str, str]]:
    """Return every setting that is given, with its place; Failure 78 if config.env cannot be read."""
    return {**parse(text_of(PROJECT / "config.env")), **overridden()}


def place_of(name: str) -> str:
    """Return where to edit a setting, such as "config.env, line 9"."""
    return given().get(name, ("", "config.env"))[1]


def read() -> Settings:
    """Return the project's settings; Failure 78 names all that are missing or malformed."""
    values = given()
    wrong = problems(values)
    if wrong:
        raise Failure(SETTINGS, "\n    ".join(wrong))
    if KIT:
        # It serves nothing, but must name what is there.
        return Settings(f"{values['APP_NAME'][0][:28]}-kit", "test:PROGRAMS", "/")
    return Settings(*(values[name][0] if name in values else rule.default or "" for name, rule in RULES.items()))


def tell_overridden() -> None:
    """Say which settings are not config.env's: nobody may have meant a variable that some shell exports."""
    for name, (value, place) in overridden().items():
        detail(f"{name}={value}, from {place}")
