"""What a bash script uses that bash 3.2, which macOS has, cannot do: found in the syntax tree that shfmt makes of it.

Sources: bash's CHANGES from 4.0 on, and its manual.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

SHFMT = Path(sys.executable).with_name("shfmt")

EXPANSIONS = {**dict.fromkeys((",", ",,", "^", "^^"), "${x^}, ${x,}: 4.0"), "@": "${x@Q}: 4.4"}
VARIABLES = {"BASHPID": "4.0", "BASH_XTRACEFD": "4.1", "EPOCHSECONDS": "5.0", "EPOCHREALTIME": "5.0", "SRANDOM": "5.1"}
ATTRIBUTES = {"A": "4.0", "l": "4.0", "u": "4.0", "g": "4.2", "n": "4.3"}
COMMANDS = ("mapfile", "readarray")
# Options and arguments of builtins, looked for in what follows the name.
ARGUMENTS = (
    ("wait", r"-[a-z]*[np]\b", "wait -n: 4.3"),
    ("read", r"-[a-z]*[iN]\b|-t ?\d*\.\d", "read -i, -N, -t with a fraction: 4.0"),
    ("printf", r"-v \S*\[|%\([^)]*\)T", "printf into an array, or of the time: 4.1"),
    ("shopt", r"globstar|lastpipe|inherit_errexit", "an option of shopt: 4.0"),
)
BRACES = re.compile(r"\{-?\d+\.\.-?\d+\.\.-?\d+\}|\{0\d+\.\.\d+\}")


def tree(text):
    """The syntax tree of a script's text, nested dictionaries."""
    command = [SHFMT, "--language-dialect", "bash", "--to-json"]
    return json.loads(subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout)


def walk(node, above=()):
    """Every dictionary of the tree, each with those that it is in, the outermost first."""
    if isinstance(node, list):
        for one in node:
            yield from walk(one, above)
    elif isinstance(node, dict):
        yield node, above
        for value in node.values():
            yield from walk(value, (*above, node))


def literal(word):
    """The text of a word as far as it is written out."""
    if not isinstance(word, dict):
        return ""
    inner = "".join(literal(part) for part in word.get("Parts", ()))
    return inner or (word.get("Value") if isinstance(word.get("Value"), str) else "")


def kind(node):
    return node.get("Type", "")


def is_negative(node):
    return bool(node) and kind(node) == "UnaryArithm" and node.get("Op") == "-"


def of_expansion(node, above, maybe_empty):
    """${…}: its operators and variables, and arrays that may be empty, which `set -u` takes for unbound before 4.4."""
    name = node["Param"]["Value"]
    operator = node.get("Exp", {}).get("Op", "")
    if operator in EXPANSIONS:
        yield EXPANSIONS[operator]
    if is_negative(node.get("Slice", {}).get("Length")) or is_negative(node.get("Index")):
        yield "a negative length or index: 4.2"
    if name in VARIABLES:
        yield f"${name}: {VARIABLES[name]}"
    is_whole = literal(node.get("Index")) in ("@", "*") and not operator and not node.get("Length")
    if is_whole and name in maybe_empty and not is_guarded(name, above):
        yield f'"${{{name}[@]}}" of an array that may be empty: 4.4; write ${{{name}[@]+"${{{name}[@]}}"}}'


def is_guarded(name, above):
    """Whether an expansion is in one that tells whether there is anything: ${name[@]+"${name[@]}"}."""
    outer = [node for node in above if kind(node) == "ParamExp" and node.get("Exp", {}).get("Op") == "+"]
    return any(node["Param"]["Value"] == name for node in outer)


def of_call(node):
    words = [literal(word) for word in node.get("Args", ())]
    if words and words[0] in COMMANDS:
        yield f"{words[0]}: 4.0"
    for name, pattern, feature in ARGUMENTS:
        if words[:1] == [name] and re.search(pattern, " ".join(words[1:])):
            yield feature


def of_declaration(node):
    for word in node.get("Args", ()):
        text = literal(word.get("Value"))
        if word.get("Naked") and text.startswith("-"):
            yield from (f"{text}: {ATTRIBUTES[letter]}" for letter in text if letter in ATTRIBUTES)


def in_substitution(node, above):
    """$(…): its end was found by counting parentheses and quotes, those of patterns, comments and documents too."""
    if any(kind(outer) == "CmdSubst" for outer in above):
        if kind(node) == "CaseClause":
            yield "case in $(…): 4.0"
        if "Hash" in node and re.search(r"['\"`()]", node["Text"]):
            yield "a comment with quotes or parentheses in $(…): 4.0"
        if "Hdoc" in node:
            yield "a here-document in $(…): 4.0"


def features(node, above, maybe_empty):
    """What a node of the tree needs."""
    yield from in_substitution(node, above)
    if "Param" in node:
        yield from of_expansion(node, above, maybe_empty)
    if kind(node) == "CallExpr":
        yield from of_call(node)
    if kind(node) == "DeclClause":
        yield from of_declaration(node)
    if kind(node) == "CoprocClause":
        yield "coproc: 4.0"
    if node.get("Op") in ("&>>", "|&", ";&", ";;&"):
        yield f"{node['Op']}: 4.0"
    if kind(node) == "UnaryTest" and node["Op"] in ("-v", "-R"):
        yield f"[[ {node['Op']} ]]: 4.2"
    if node.get("N", {}).get("Value", "").startswith("{"):
        yield "a redirection to {name}: 4.1"
    if kind(node) == "Lit" and BRACES.search(node.get("Value", "")):
        yield "{1..9..2}, {01..09}: 4.0"


def emptied(*texts):
    """The arrays that some script makes empty: others, which source it, may find them so."""
    arrays = [node for text in texts for node, _above in walk(tree(text)) if "Array" in node]
    return {node["Name"]["Value"] for node in arrays if not node["Array"].get("Elems")}


def newer(text, maybe_empty=()):
    """Line and feature of all in a script that bash 3.2 cannot do; maybe_empty are names of arrays."""
    found = set()
    for node, above in walk(tree(text)):
        line = next((outer["Pos"]["Line"] for outer in (node, *reversed(above)) if "Pos" in outer), 0)
        found.update((line, feature) for feature in features(node, above, maybe_empty))
    return sorted(found)
