"""What a company's network needs: proxies, CA bundle and package indexes, handed to networked steps."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional
from urllib.parse import urlsplit

from builder.engine import Mount

PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
# Debian; Red Hat; macOS and Alpine.
CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
INDEXES = ("index-url", "extra-index-url")
OTHER_PIP_SETTINGS = ("trusted-host", "default-timeout", "retries")
PIP_SECTIONS = ("global", "install", "download")


def ca_bundle() -> Optional[Path]:
    """Return the file of certificate authorities that this machine trusts, None if there is none."""
    candidates = [os.environ[name] for name in CA_VARIABLES if os.environ.get(name)]
    return next((Path(name).resolve() for name in [*candidates, *CA_FILES] if os.path.isfile(name)), None)


def pip_configuration() -> dict[str, str]:
    """Return the settings of this machine's pip.conf files, later sections winning; empty without pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = re.findall(r"^(\w+)\.([\w-]+)='(.*)'$", listing.stdout, re.MULTILINE)
    return {name: value for wanted in PIP_SECTIONS for section, name, value in lines if section == wanted}


def only_web_addresses(value: str) -> str:
    """Return the http and https addresses of a setting: what else it names, a container does not have."""
    return " ".join(word for word in value.split() if urlsplit(word).scheme in ("http", "https"))


def pip_environment() -> dict[str, str]:
    """Return PIP_* variables for the indexes that this machine uses; the environment wins over pip.conf."""
    configuration = pip_configuration()
    found = {}
    for name in INDEXES + OTHER_PIP_SETTINGS:
        variable = "PIP_" + name.upper().replace("-", "_")
        value = os.environ.get(variable) or configuration.get(name, "").replace("\\n", " ")
        value = only_web_addresses(value) if name in INDEXES else value
        if value:
            found[variable] = value
    return found


def apt_proxy() -> str:
    """Return the proxy that this machine's apt uses for http, "" if none."""
    if not shutil.which("apt-config"):
        return ""
    command = ["apt-config", "shell", "proxy", "Acquire::http::Proxy"]
    match = re.fullmatch(r"proxy='(.*)'\n?", subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)
    return match[1] if match and match[1] != "DIRECT" else ""


def proxies() -> dict[str, str]:
    """Return the proxy variables of the environment."""
    return {name: os.environ[name] for name in PROXIES if os.environ.get(name)}


def package_proxies() -> dict[str, str]:
    """Return the proxy variables for the package manager, which may have a proxy of its own."""
    own = apt_proxy()
    return {**proxies(), "http_proxy": own} if own else proxies()


def names_this_machine(environment: dict[str, str]) -> bool:
    """Tell whether a proxy or index is on this machine: containers reach it in the machine's network only."""
    words = [word for name, value in environment.items() if name.lower() != "no_proxy" for word in value.split()]
    hosts = [urlsplit(word).hostname or "" for word in words if "://" in word]
    return any(host == "localhost" or host == "::1" or host.startswith("127.") for host in hosts)


def environment() -> dict[str, str]:
    """Return the variables for a networked step that uses pip."""
    return {**proxies(), **pip_environment()}


def mounts() -> list[Mount]:
    """Return the CA bundle for a networked step, where this machine has one."""
    authorities = ca_bundle()
    return [Mount("PIP_CERT", authorities)] if authorities else []
