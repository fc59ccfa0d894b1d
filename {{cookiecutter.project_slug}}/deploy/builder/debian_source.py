"""Upstream tarballs out of Debian's archive, through this machine's own apt sources and a private state.

Debian's pool holds upstream's own bytes: a Debian mirror, as many companies have, stands in for python.org.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

APT = Path("/etc/apt")
HELPER = Path("/usr/lib/apt/apt-helper")
SUITES = re.compile(r"buster|bullseye|bookworm|trixie|forky|duke|oldoldstable|oldstable|stable|testing|unstable|sid")
ONE_LINE = re.compile(r"deb(?:-src)?\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+\S")


def one_line_sources(text: str) -> list[tuple[str, str, str]]:
    """Return (options, URI, suite) of every line in sources.list's one-line format, sources.list(5)."""
    matches = (ONE_LINE.match(line.strip()) for line in text.splitlines())
    return [(match["options"] or "", match["uri"], match["suite"]) for match in matches if match]


def stanza_fields(stanza: str) -> dict[str, str]:
    """Return the fields of one deb822 stanza, names in lower case, continuation lines joined."""
    joined = re.sub(r"\n[ \t]+", " ", re.sub(r"^#.*\n?", "", stanza, flags=re.MULTILINE))
    pairs = (line.partition(":") for line in joined.splitlines() if ":" in line)
    return {name.strip().lower(): value.strip() for name, _colon, value in pairs}


def deb822_sources(text: str) -> list[tuple[str, str, str]]:
    """Return (options, URI, suite) of every stanza in deb822 format, sources.list(5)."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = stanza_fields(stanza)
        if fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        key = fields.get("signed-by", "")
        options = f"signed-by={key}" if key.startswith("/") else ""
        for uri in fields.get("uris", "").split():
            found += [(options, uri, suite) for suite in fields.get("suites", "").split()]
    return found


def machine_sources(directory: Path) -> list[tuple[str, str, str]]:
    """Return (options, URI, suite) of every source of packages below an /etc/apt."""
    lists = [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*.list"))]
    stanzas = sorted((directory / "sources.list.d").glob("*.sources"))
    found = []
    for path in lists:
        if path.is_file():
            found += one_line_sources(path.read_text(encoding="utf-8", errors="replace"))
    for path in stanzas:
        found += deb822_sources(path.read_text(encoding="utf-8", errors="replace"))
    return found


def archives(directory: Path) -> list[tuple[str, str]]:
    """Return (options, URI) of wherever this machine takes its own Debian packages."""
    found = [(options, uri) for options, uri, suite in machine_sources(directory) if SUITES.fullmatch(suite)]
    return list(dict.fromkeys(found))


def source_lines(directory: Path, suite: str) -> list[str]:
    """Return deb-src lines for a suite."""
    return [f"deb-src {f'[{options}] ' if options else ''}{uri} {suite} main" for options, uri in archives(directory)]


def pool_urls(directory: Path, package: str, version: str) -> list[str]:
    """Return where a source package's upstream tarball may lie, also when no suite names that version any more.

    The pool has directories by a package's first letter, or by "lib" and one more (Debian Repository Format).
    """
    initial = package[: 4 if package.startswith("lib") else 1]
    place = f"pool/main/{initial}/{package}/{package}_{version}.orig.tar"
    return [f"{uri.rstrip('/')}/{place}.{kind}" for _options, uri in archives(directory) for kind in ("xz", "gz")]


def private_options(state: Path) -> list[str]:
    """Return options that keep apt out of the system's state; apt.conf and its proxies stay in force."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    settings = {
        "Dir::Etc::SourceList": state / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 2,
        "Acquire::Languages": "none",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def apt_get(arguments: list[str], state: Path) -> None:
    """Run apt-get; OSError with its last line if it fails."""
    result = subprocess.run(
        ["apt-get", "--quiet", *arguments],
        cwd=state,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise OSError((result.stdout.strip().splitlines() or ["apt-get failed"])[-1])


def fetch_from_pool(package: str, version: str, path: Path) -> None:
    """Write an upstream tarball out of the pool of this machine's Debian mirror to path; OSError if it is not there.

    apt's own downloader follows apt.conf, such as its proxies.
    """
    urls = pool_urls(APT, package, version) if HELPER.is_file() else []
    for url in urls:
        command = [str(HELPER), "-o", "APT::Sandbox::User=root", "download-file", url, str(path)]
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return
    raise OSError(f"it is not at {' or '.join(urls)}" if urls else "this machine's apt has no Debian sources")


def fetch(suite: str, package: str, path: Path) -> None:
    """Write the upstream tarball of a source package of a suite to path; OSError if that cannot be done."""
    if not shutil.which("apt-get"):
        raise OSError("this machine has no apt-get")
    lines = source_lines(APT, suite)
    if not lines:
        raise OSError("this machine's apt has no Debian sources")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".apt-") as directory:
        state = Path(directory)
        (state / "sources.list").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        options = private_options(state)
        apt_get([*options, "update"], state)
        apt_get([*options, "source", "--download-only", "--tar-only", package], state)
        tarballs = list(state.glob("*.orig.tar.*"))
        if len(tarballs) != 1:
            raise OSError(f"apt-get source {package} gave {len(tarballs)} tarballs")
        shutil.move(str(tarballs[0]), str(path))
