"""The kit's own test, which setup.sh runs on the machine before the kit is used: is there all that the verbs need?"""

import shutil
import subprocess
import sys

COMMANDS = ("bash", "ssh", "scp", "sed", "awk")
PROGRAMS = (["tools/deploy/fleet", "--help"], ["-m", "pytest", "--version"], ["-c", "import testinfra, pyinfra.api"])


def main():
    missing = [command for command in COMMANDS if not shutil.which(command)]
    if missing:
        sys.exit(f"this machine lacks {', '.join(missing)}; install that from the system's packages")
    for program in PROGRAMS:
        subprocess.run([sys.executable, "-E", "-s", "-B", *program], check=True, stdout=subprocess.DEVNULL)
    print("OK")


main()
