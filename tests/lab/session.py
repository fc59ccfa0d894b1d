"""A picture of a terminal session, out of a real run: a project is built, deployed to a booted box and verified.

python -m lab.session PICTURE.svg
"""

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lab.box import boot_box
from lab.project import Project, environment, generate

COLUMNS = 104
# What is the same in each session, and what is the lab's and nobody else's.
COMMANDS = (
    ("tarball", {"VERSION": "20180119"}),
    ("deploy", {"HOST": "root@box", "VERSION": "20180119", "USERNAME": "app"}),
    ("verify", {"HOST": "root@box"}),
    ("status", {"HOST": "root@box"}),
)
# rich would have readers fetch a font from elsewhere.
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
SCREEN = re.compile(r"[^\n]*\r(?!\n)")  # what a line held before it was drawn again


def on_terminal(command: list[str], directory: Path) -> str:
    """What a terminal shows of a command in the end. Raises CalledProcessError."""
    master, slave = pty.openpty()
    variables = environment(TERM="xterm", COLUMNS=COLUMNS, NO_COLOR=1)
    with subprocess.Popen(command, cwd=directory, stdin=slave, stdout=slave, stderr=slave, env=variables) as process:
        os.close(slave)
        received = b""
        while chunk := read(master):
            received += chunk
    os.close(master)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, received.decode())
    return SCREEN.sub("", received.decode().replace("\r\n", "\n")).replace("\x1b[K", "")


def read(terminal: int) -> bytes:
    """The next bytes, none when the other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def session(project: Project) -> str:
    """The commands as a person types them, and what they print."""
    with boot_box("debian-12") as box:
        shown = []
        for verb, variables in COMMANDS:
            typed = " ".join(["make", verb, *(f"{name}={value}" for name, value in variables.items())])
            words = [word.replace("root@box", f"root@{box.address}") for word in typed.split()]
            more = ["--no-print-directory", f"SSH_CONFIG={box.ssh_config}"] if "HOST" in variables else []
            output = on_terminal([*words, *more], project.root)
            shown.append(f"$ {typed}\n{output.rstrip()}\n")
        return (
            "\n".join(shown).replace(box.address, "box").replace(str(project.root) + "/", "").replace(box.name, "box")
        )


def draw(text: str, picture: Path) -> None:
    """Write the session as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    for line in text.split("\n"):
        console.print(Text(line, style="bold" if line.startswith("$") else ""), no_wrap=True, crop=True)
    picture.write_text(FONTS.sub("", console.export_svg(title="my-flask-app")), encoding="utf-8")


def main(picture: str) -> None:
    """Make the picture; the lab's needs hold."""
    with tempfile.TemporaryDirectory() as directory:
        draw(session(generate(Path(directory))), Path(picture))


if __name__ == "__main__":
    main(sys.argv[1])
