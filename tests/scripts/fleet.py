"""For the tests of make deploy: ship.sh and pyinfra as they are, in a project whose ssh and scp are stubs."""

import io
import os
import shutil
import subprocess
import sys
import tarfile

from verifying import PROJECT, script

SUMS = "1" * 64
TARGET = "debian-12-x86_64-py3.11.2"
# Boxes are named after what happens to them. Every call is logged; what the box is asked first is told by its letters.
SSH = r"""
options=$* mode=run
while [ $# -gt 0 ]; do
  case $1 in
    -o | -F | -O) shift ;;
    -N) mode=connect ;;
    -*) ;;
    *) break ;;
  esac
  shift
done
host=$1 command=$2
printf '%s\0' "$command" >>"$LOG.told"
case $options in *"-O exit"*) exit 0 ;; esac
case $mode$command in
  connect*)
    echo "connect $host $options" >>"$LOG"
    case $host in *unreachable*) echo "ssh: no route to $host" >&2; exit 255 ;; esac ;;
  *os-release*)
    case $host in *nologin*) echo "This account is currently not available."; exit 1 ;; esac
    printf '%b' "$BOX" ;;
  *mkdir*)
    echo "upload $host" >>"$LOG"
    case $host in *full*) echo "mkdir: no space left" >&2; exit 1 ;; esac ;;
  *setup.sh*)
    echo "begin $host: $command" >>"$LOG"
    echo "==> at work on $host"
    case $host in
      *slow*) sleep 1 ;;
      *hangs*) exec sleep 60 ;;
      *fails*) echo "error: this box is not ready" >&2; code=78 ;;
      *lost*) code=255 ;;
    esac
    echo "end $host" >>"$LOG"
    exit ${code:-0} ;;
esac"""
SCP = 'for file; do :; done; echo "copy $file" >>"$LOG"; case $file in *cut*) exit 1 ;; esac'
ANSWERS = {"os": "debian", "version": "12", "arch": "x86_64", "glibc": "2.36", "login": "root", "uid": "0"}


def box(**answers):
    """What a box answers when it is asked what it is."""
    answers = {**ANSWERS, "home": "/root", **answers}
    return "Welcome!\\n" + "".join(f"{key}={value}\\n" for key, value in answers.items())


class Fleet:
    """A project below `root` with the bundles that a test wants, and the log of what its boxes were told."""

    def __init__(self, root):
        self.root, self.log = root, root / "log"
        shutil.copytree(PROJECT / "deploy", root / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "config.env").write_text("APP_NAME='app'\n")
        script(root / "deploy/tools.sh", f"echo '{sys.prefix}'")
        script(root / "bin/ssh", SSH)
        script(root / "bin/scp", SCP)

    def add(self, target=TARGET, glibc="2.36", version="7"):
        """Put a bundle into dist/ that has nothing but its head."""
        directory = self.root / "dist" / target
        directory.mkdir(parents=True)
        head = f"TARGET={target}\nARCH={target.split('-')[2]}\nGLIBC={glibc}\nGLIBC_FILE=app-v{version}/x.so\n".encode()
        with tarfile.open(directory / f"app-v{version}.tar.gz", "w:gz") as tar:
            member = tarfile.TarInfo(f"app-v{version}/BUNDLE")
            member.size = len(head)
            tar.addfile(member, io.BytesIO(head))
        (directory / f"app-v{version}.tar.gz.sha256").write_text(f"{SUMS}  app-v{version}/SHA256SUMS\n")

    def add_small(self, sums=SUMS, target=TARGET):
        """Put a .tar.xz beside version 7."""
        path = self.root / "dist" / target / "app-v7.tar.xz"
        path.write_bytes(b"small")
        path.with_name(path.name + ".sha256").write_text(f"{SUMS}  {path.name}\n{sums}  app-v7/SHA256SUMS\n")

    def add_delta(self, since, base, sums=SUMS, padding="", target=TARGET):
        """Put a delta beside version 7, with what the box must have for it."""
        text = f"VERSION={since}\nBASE_SHA256SUMS={base}\nSHA256SUMS={sums}\n"
        with tarfile.open(self.root / "dist" / target / f"app-v7-since-{since}.delta", "w:gz") as tar:
            for name, content in {"app-v7/DELTA/BASE": text, "app-v7/padding": padding}.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content.encode()))

    def start(self, *arguments, **variables):
        """ship.sh, running."""
        self.log.write_text("")
        path = f"{self.root}/bin:{os.environ['PATH']}"
        known = {"LOG": str(self.log), "BOX": box(), "USERNAME": "app", "PATH": path}
        return subprocess.Popen(
            ["bash", self.root / "deploy/ship.sh", *arguments],
            env={**os.environ, **known, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ship(self, *arguments, **variables):
        """ship.sh to its end."""
        with self.start(*arguments, **variables) as process:
            output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def logged(self, *words):
        """What the boxes were told that begins with one of the words."""
        return [line for line in self.log.read_text().splitlines() if line.split()[0] in words or not words]

    def told(self):
        """Every command that a box was given, whole."""
        return self.log.with_name("log.told").read_text().rstrip("\0").split("\0")
