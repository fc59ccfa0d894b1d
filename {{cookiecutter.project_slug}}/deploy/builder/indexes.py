"""The package indexes that the project's requirements files name, beside those of this machine.

pip uses them where it resolves from these files. A lock does not repeat them, as there may be a password in an address.
"""

import os
import re

from builder import network, requirements, settings

# Lines of a requirements file that are options, and variables in it (pip, "Requirements File Format").
OPTION = re.compile(r"^[ \t]*(-i|--index-url|--extra-index-url|--trusted-host)[ =]+(\S+)", re.MULTILINE)
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def environment() -> dict[str, str]:
    """Return the variables for a networked step that uses pip for the app: this machine's and the project's."""
    found, text = network.environment(), text_of_requirements()
    for option, value in OPTION.findall(text):
        add(found, {"-i": "--index-url"}.get(option, option), expanded(value))
    # Resolving reads the files itself.
    return {**found, **{name: os.environ[name] for name in VARIABLE.findall(text) if name in os.environ}}


def add(found: dict[str, str], option: str, value: str) -> None:
    """Add an option to pip's variables; an --index-url takes the place of the machine's, as pip has it."""
    variable = "PIP_" + option[2:].upper().replace("-", "_")
    value = value if option == "--trusted-host" else network.only_web_addresses(value)
    before = "" if option == "--index-url" else found.get(variable, "")
    if value:
        found[variable] = f"{before} {value}".strip()


def text_of_requirements() -> str:
    source = requirements.source()
    files = requirements.files(source) if source.kind == requirements.PLAIN else []
    return "\n".join(settings.text_of(path) for path in files).replace("\\\n", " ")


def expanded(value: str) -> str:
    """Return it with the environment's values; pip leaves a variable that is not set."""
    return VARIABLE.sub(lambda variable: os.environ.get(variable[1], variable[0]), value)
