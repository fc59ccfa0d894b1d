"""project/.bundleignore: what stays out of the bundle, in the patterns of .gitignore."""

from pathlib import Path
from typing import Callable

from builder import tools
from builder.output import SETTINGS, Failure
from builder.settings import APP, text_of

FILE = ".bundleignore"


def matcher() -> Callable[[Path], bool]:
    """Return what tells of a path relative to project/ whether it stays out; Failure 78 if a line is no pattern."""
    path = APP / FILE
    if not path.is_file():
        return lambda path: False
    tools.make_libraries_importable()
    import pathspec

    try:
        patterns = pathspec.GitIgnoreSpec.from_lines(text_of(path).splitlines())
    except ValueError as error:
        raise Failure(SETTINGS, f"project/{FILE}: {error}") from error
    return lambda found: patterns.match_file(f"{found.as_posix()}/" if (APP / found).is_dir() else found.as_posix())
