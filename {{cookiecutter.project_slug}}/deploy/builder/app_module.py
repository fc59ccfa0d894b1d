"""What APP_MODULE names, as far as the app's source tells without being run."""

import ast
from pathlib import Path
from typing import Optional

# What a server calls an application with: environ and start_response (PEP 3333), or scope, receive and send (ASGI 3).
ARGUMENTS_OF_APPLICATIONS = (2, 3)


def source_of(module: str, directory: Path) -> Optional[Path]:
    """Return the file of a module or package below a directory, if it is one of Python's own language."""
    path = directory / module.replace(".", "/")
    return next((file for file in (path / "__init__.py", path.with_name(f"{path.name}.py")) if file.is_file()), None)


def names_a_factory(app_module: str, directory: Path) -> bool:
    """Tell whether MODULE:NAME is a function that no server can call as an application: MODULE:NAME() was meant.

    Where that is not plain from the source (a decorator, a second meaning, a language that this Python does not read),
    the answer is no.
    """
    module, _, name = app_module.partition(":")
    source = source_of(module, directory)
    try:
        tree = ast.parse(source.read_bytes() if source else b"")
    except (SyntaxError, ValueError):  # Python 2's, or a null byte
        return False
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if len(functions) != 1 or functions[0].decorator_list or is_assigned(name, tree):
        return False
    return not takes_a_request(functions[0].args)


def is_assigned(name: str, tree: ast.Module) -> bool:
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
    return any(isinstance(node.ctx, ast.Store) for node in names)


def takes_a_request(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    most = max(ARGUMENTS_OF_APPLICATIONS) if arguments.vararg else positional
    return any(required <= count <= most for count in ARGUMENTS_OF_APPLICATIONS)
