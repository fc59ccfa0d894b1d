"""A signature for the sidecar, made with openssl and the key that SIGN_KEY names.

RSA with SHA-256: what the openssl of every box can check, CentOS 5's 0.9.8e included.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Optional

from builder.output import DAMAGED, SETTINGS, UNAVAILABLE, Failure

FEWEST_BITS = 2048  # NIST SP 800-131A: shorter RSA keys are disallowed


def key() -> Optional[Path]:
    """Return the private key's path, None if bundles are not to be signed."""
    name = os.environ.get("SIGN_KEY", "")
    return Path(name) if name else None


def openssl(*arguments: object) -> subprocess.CompletedProcess:
    """Run openssl, which may ask for the key's passphrase on the terminal; Failure 69 if it is not there."""
    command = ["openssl", *map(str, arguments)]
    try:
        return subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise Failure(UNAVAILABLE, "signatures need openssl; on Debian: sudo apt-get install openssl") from error


def check_key() -> None:
    """Raise Failure 78 before anything is built if SIGN_KEY cannot sign."""
    private = key()
    if private is None:
        return
    described = openssl("rsa", "-in", private, "-noout", "-text")
    problem = ""
    if not private.is_file():
        problem = "is no file"
    elif described.returncode:
        problem = "is not a private RSA key in PEM"
    elif int(re.findall(r"\((\d+) bit", described.stdout)[0]) < FEWEST_BITS:
        problem = f"is shorter than {FEWEST_BITS} bits"
    if problem:
        raise Failure(SETTINGS, f"SIGN_KEY={private} {problem}; make one: make keygen SIGN_KEY=PATH")


def sign(sidecar: Path, signature: Path) -> None:
    """Write the sidecar's signature if SIGN_KEY is set; Failure 78 if openssl cannot."""
    private = key()
    if private is None:
        return
    signed = openssl("dgst", "-sha256", "-sign", private, "-out", signature, sidecar)
    if signed.returncode:
        raise Failure(SETTINGS, f"openssl cannot sign with SIGN_KEY={private}: {signed.stderr.strip()[-300:]}")


def checked(sidecar: Path, signature: Path) -> str:
    """Return what is known of a sidecar's signature; Failure 65 if RELEASE_KEY, a public key, does not verify it."""
    public = os.environ.get("RELEASE_KEY", "")
    if not signature.exists():
        if public:
            raise Failure(DAMAGED, f"RELEASE_KEY is set, and there is no {signature}")
        return "not signed"
    if not public:
        return "with a signature that was not checked: RELEASE_KEY=PUBLIC-KEY checks it"
    verified = openssl("dgst", "-sha256", "-verify", public, "-signature", signature, sidecar)
    if verified.returncode:
        raise Failure(DAMAGED, f"{signature} is not a signature of {sidecar.name} by RELEASE_KEY={public}")
    return f"signed by the key {public}"
