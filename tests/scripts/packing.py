"""A project in whose place the builder packs bundles, in this process."""

import hashlib
import tarfile
from types import SimpleNamespace

import pytest

import building

build_lock = building.part("builder.build_lock")
bundle = building.part("builder.bundle")
cache = building.part("builder.cache")
contents = building.part("builder.contents")
ignored = building.part("builder.ignored")
interpreter = building.part("builder.interpreter")
local_packages = building.part("builder.local_packages")
lock = building.part("builder.lock")
pack = building.part("pack")
requirements = building.part("builder.requirements")
provenance = building.part("builder.provenance")
sbom = building.part("builder.sbom")
settings = building.part("builder.settings")
wheels = building.part("builder.wheels")

TARGET = building.TARGET
SETTINGS = settings.Settings("app", "app:app", "/health")
HOST = SimpleNamespace(name="host", provenance=lambda: {"IMAGE": "none", "SYSTEM": "0123"})
LOCK = "# sha256 of requirements.txt: {digest}\nFlask==3.0.3 \\\n    --hash=sha256:0\ngunicorn[gevent]==23.0.0\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in whose place the builder works, with its own cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    app, deploy = root / "project", root / "deploy"
    for module, name, value in (
        (contents, "APP", app),
        (contents, "DEPLOY", deploy),
        (bundle, "DIST", root / "dist"),
        (contents, "PROJECT", root),
        (provenance, "PROJECT", root),
        (build_lock, "APP", app),
        (sbom, "made", lambda _inventory: tmp_path / "sbom"),
        (local_packages, "APP", app),
        (lock, "APP", app),
        (ignored, "APP", app),
        (requirements, "APP", app),
        (settings, "PROJECT", root),
    ):
        monkeypatch.setattr(module, name, value)
    write(root / "config.env", building.SETTINGS)
    files = ["project/app.py", "project/requirements.txt", "deploy/setup.sh", "deploy/activate.sh"]
    write(tmp_path / "sbom" / sbom.NAME, "{}")
    for name in [*files, "deploy/release/__main__.py", "deploy/box/systemd/app.service", "deploy/ship.sh"]:
        write(root / name, name)
    return root


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_lock(project, text=LOCK):
    digest = hashlib.sha256((project / "project/requirements.txt").read_bytes()).hexdigest()
    write(project / "project/locks/py3.11.txt", text.format(digest=digest))


@pytest.fixture
def compiled(tmp_path):
    """What stands in for a compiled interpreter: the files alone are packed, none is run."""
    shipped = tmp_path / "shipped"
    write(shipped / "bin/python3.11", "#!/bin/sh\n")
    (shipped / "bin/python3.11").chmod(0o755)
    (shipped / "bin/python").symlink_to("python3.11")
    return interpreter.Interpreter("key", shipped, shipped, "2.36", "3.11.2 cp311")


@pytest.fixture
def built(tmp_path):
    directory = tmp_path / "wheels"
    for name in ("flask-3.0.3-py3-none-any.whl", "gunicorn-23.0.0-py3-none-any.whl"):
        write(directory / name, name)
    digests = {path: pack.file_sha256(path) for path in directory.glob("*.whl")}
    (directory / "installed.txt").write_text(wheels.installed_list(digests))
    return directory


def build(compiled, built, version="1", settings=SETTINGS):
    supervisor = built.with_name("supervisor")
    write(supervisor / "supervisor-4.3.0-py2.py3-none-any.whl", "supervisor")
    return bundle.build(settings, version, TARGET, contents.Ingredients(HOST, compiled, built, supervisor))


def members(path):
    with tarfile.open(path, "r:gz") as tar:
        return tar.getnames()


def read(path, name):
    with tarfile.open(path, "r:gz") as tar:
        return tar.extractfile(name).read().decode()
