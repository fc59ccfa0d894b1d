"""What goes into a bundle, what its head says, which locks and wheels are refused, and how it gets into dist/."""

import hashlib
import re
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

import building

build_lock = building.part("builder.build_lock")
bundle = building.part("builder.bundle")
cache = building.part("builder.cache")
check = building.part("builder.check")
contents = building.part("builder.contents")
ignored = building.part("builder.ignored")
interpreter = building.part("builder.interpreter")
layers = building.part("layers")
local_packages = building.part("builder.local_packages")
lock = building.part("builder.lock")
output = building.part("builder.output")
pack = building.part("pack")
requirements = building.part("builder.requirements")
provenance = building.part("builder.provenance")
sbom = building.part("builder.sbom")
settings = building.part("builder.settings")
tools = building.part("builder.tools")
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


def test_the_bundle_holds_what_the_box_needs_in_order(project, compiled, built):
    names = members(build(compiled, built).path)
    python = next(name for name in names if name.startswith("python-"))
    assert names == [
        *("app-v1", "app-v1/BUNDLE", "app-v1/SHA256SUMS", "app-v1/MANIFEST"),
        *(python, f"{python}/bin", f"{python}/bin/python", f"{python}/bin/python3.11"),
        *("app-v1/wheels", "app-v1/wheels/flask-3.0.3-py3-none-any.whl"),
        *("app-v1/wheels/gunicorn-23.0.0-py3-none-any.whl", "app-v1/wheels/installed.txt"),
        *("app-v1/app.py", "app-v1/deploy", "app-v1/deploy/activate.sh", "app-v1/deploy/box"),
        *("app-v1/deploy/box/systemd", "app-v1/deploy/box/systemd/app.service", "app-v1/deploy/release"),
        *("app-v1/deploy/release/__main__.py", "app-v1/deploy/sbom.cdx.json", "app-v1/deploy/setup.sh"),
        "app-v1/deploy/wheels",
        *("app-v1/deploy/wheels/supervisor-4.3.0-py2.py3-none-any.whl", "app-v1/requirements.txt"),
    ]


def test_the_head_and_the_sidecar(project, compiled, built):
    path = build(compiled, built).path
    names = members(path)
    known = building.part("builder.sources").checksums("cpython", "3.11.2")
    sources = " ".join(f"cpython-3.11.2={digest}" for digest in known)
    assert read(path, "app-v1/BUNDLE").splitlines() == [
        *("FORMAT=1", "NAME=app", "VERSION=1", "TARGET=debian-12-x86_64-py3.11.2", "ARCH=x86_64", "PYTHON=3.11.2"),
        *("PYTHON_ABI=cp311", f"PYTHON_DIR={names[4]}", "INTERPRETER=prebuilt"),
        *("GLIBC=0.0", "GLIBC_FILE=", "REVISION=none", "DIRTY=no", "ENGINE=host", "IMAGE=none", "SYSTEM=0123"),
        *("LOCKS=", f"SOURCES={sources}", f"ZLIB={zlib.ZLIB_RUNTIME_VERSION}", "APP_MODULE=app:app"),
        *("HEALTH_PATH=/health", f"UNPACKED_BYTES={unpacked(path)}", f"MEMBERS={len(names)}"),
    ]
    sums = hashlib.sha256(read(path, "app-v1/SHA256SUMS").encode()).hexdigest()
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    sidecar = path.with_name("app-v1.tar.gz.sha256").read_text()
    assert sidecar == f"{whole}  app-v1.tar.gz\n{sums}  app-v1/SHA256SUMS\n"


def unpacked(path):
    with tarfile.open(path, "r:gz") as tar:
        heads = {"app-v1/BUNDLE", "app-v1/SHA256SUMS", "app-v1/MANIFEST"}
        return sum(member.size for member in tar.getmembers() if member.name not in heads)


def test_building_again_gives_the_same_bytes(project, compiled, built, tmp_path):
    first = build(compiled, built).path.read_bytes()
    assert build(compiled, built).path.read_bytes() == first
    assert build(compiled, built, "2").path.read_bytes() != first


def test_what_is_the_developer_s_own_stays_home(project, compiled, built):
    for name in ("venv/bin/python", "instance/app.db", "locks/py3.11.txt", "__pycache__/a.pyc", "b.pyc", ".git/config"):
        write(project / "project" / name, "")
    write(project / "project/sub/__pycache__/c.pyc", "")
    write(project / "project/sub/venv/kept", "")
    names = members(build(compiled, built).path)
    assert [name for name in names if "sub" in name] == ["app-v1/sub", "app-v1/sub/venv", "app-v1/sub/venv/kept"]
    left_out = ("instance", "locks", "pyc", ".git", "app-v1/venv")
    assert [name for name in names if any(word in name for word in left_out)] == []


def test_what_bundleignore_names_stays_home(project, compiled, built, monkeypatch):
    monkeypatch.setattr(tools, "make_libraries_importable", lambda: None)
    kept = ["docs/keep.md", "shop/data.csv"]
    for name in [*kept, "docs/a.md", "notes.md", "shop/tests/test_a.py", "data.csv"]:
        write(project / "project" / name, "")
    write(project / "project/.bundleignore", "# ours\n*.md\n!keep.md\ntests/\n/data.csv\n")
    names = [name.removeprefix("app-v1/") for name in members(build(compiled, built).path)]
    assert [name for name in names if re.search(r"\.md$|csv$|tests|ignore", name)] == kept


@pytest.mark.parametrize("name", ["wheels/a", "deploy/a", "BUNDLE", "SHA256SUMS", "MANIFEST", "venv", "instance"])
def test_names_that_a_release_needs_for_itself_are_refused(project, compiled, built, name):
    write(project / "project" / name, "")
    with pytest.raises(output.Failure, match=f"project/{name.split('/')[0]} would collide") as failure:
        build(compiled, built)
    assert failure.value.code == 78


def test_an_unsafe_name_is_refused_and_nothing_is_left_in_dist(project, compiled, built):
    write(project / "project/a\nb", "")
    with pytest.raises(output.Failure, match="cannot be packed: 'app-v1/a.nb'") as failure:
        build(compiled, built)
    assert failure.value.code == 78
    assert not (project / "dist").exists()


def test_a_signature_lasts_no_longer_than_what_it_signs(project, compiled, built, tmp_path, monkeypatch):
    key = tmp_path / "key"
    subprocess.run([building.TEMPLATE / "deploy/keygen.sh", key], check=True, capture_output=True)
    monkeypatch.setenv("SIGN_KEY", str(key))
    sidecar = Path(f"{build(compiled, built).path}.sha256")
    signature = Path(f"{sidecar}.sig")
    check = ["openssl", "dgst", "-sha256", "-verify", f"{key}.pub", "-signature", signature, sidecar]
    assert subprocess.run(check, capture_output=True).returncode == 0
    monkeypatch.delenv("SIGN_KEY")
    build(compiled, built)
    assert subprocess.run(check, capture_output=True).returncode == 0
    write(project / "project/app.py", "changed")
    build(compiled, built)
    assert not signature.exists()


def test_a_write_that_fails_leaves_the_old_tarball_alone(project, compiled, built, monkeypatch):
    path = build(compiled, built).path
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    write(project / "project/app.py", "changed")

    def full(parts, cache, output):
        Path(output).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layers, "write_archive", full)
    with pytest.raises(OSError):
        build(compiled, built)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def cached(directory):
    """A directory of a test as an entry of the cache."""
    return (
        cache.entry("interpreters", directory.name, lambda entry: shutil.copytree(directory, entry / "tree")) / "tree"
    )


def test_a_damaged_cache_gets_into_no_bundle(project, compiled, built):
    wheels = cached(built)
    first = build(compiled, wheels).path
    (wheels / "flask-3.0.3-py3-none-any.whl").write_text("flask-3.0.3-py3-none-ana.whl")
    for layer in cache.directory("layers").iterdir():
        layer.unlink()
    with pytest.raises(output.Failure, match="the cache is damaged: .*flask.* rm -rf .*interpreters/wheels") as failure:
        build(compiled, wheels, "2")
    assert failure.value.code == 69
    assert {path.name for path in first.parent.iterdir()} == {"app-v1.tar.gz", "app-v1.tar.gz.sha256"}


def test_where_nothing_has_changed_nothing_is_written(project, compiled, built):
    first = build(compiled, built)
    stamp = first.path.stat()
    again = build(compiled, built)
    assert (first.was_there, again.was_there) == (False, True)
    assert again.path.stat() == stamp


def flipped(path):
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])


MEDDLING = {
    "the tarball": flipped,
    "its sidecar": lambda path: flipped(path.with_name(f"{path.name}.sha256")),
    "no sidecar": lambda path: path.with_name(f"{path.name}.sha256").unlink(),
    "no tarball": Path.unlink,
}


@pytest.mark.parametrize("what", MEDDLING)
def test_what_somebody_changed_in_dist_is_built_again(project, compiled, built, what):
    path = build(compiled, built).path
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    MEDDLING[what](path)
    assert not build(compiled, built).was_there
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_an_unchanged_bundle_is_signed_when_that_is_wanted_later(project, compiled, built, tmp_path, monkeypatch):
    path = build(compiled, built).path
    key = tmp_path / "key"
    subprocess.run([building.TEMPLATE / "deploy/keygen.sh", key], check=True, capture_output=True)
    monkeypatch.setenv("SIGN_KEY", str(key))
    assert build(compiled, built).was_there
    signature, sidecar = (path.with_name(f"{path.name}{ending}") for ending in (".sha256.sig", ".sha256"))
    check = ["openssl", "dgst", "-sha256", "-verify", f"{key}.pub", "-signature", signature, sidecar]
    assert subprocess.run(check, capture_output=True).returncode == 0


def test_the_interpreter_is_named_by_its_content(project, compiled, built):
    first = members(build(compiled, built).path)[4]
    other = Path(shutil.copytree(compiled.shipped, compiled.shipped.with_name("other"), symlinks=True))
    (other / "bin/python3.11").write_text("#!/bin/bash\n")
    assert members(build(compiled._replace(shipped=other), built).path)[4] != first


def test_a_file_that_needs_a_newer_glibc_is_refused_by_name(project, compiled, built):
    (project / "project/fast.so").write_bytes(Path("/bin/ls").read_bytes())
    old = compiled._replace(glibc="2.2")
    with pytest.raises(output.Failure, match="app-v1/fast.so needs glibc 2.[0-9]+, and debian 12 has 2.2") as failure:
        build(old, built)
    assert failure.value.code == 78


def test_the_list_of_wheels_is_what_pip_reads(built):
    lines = (built / "installed.txt").read_text().splitlines()
    digest = hashlib.sha256(b"flask-3.0.3-py3-none-any.whl").hexdigest()
    assert lines[0] == f"flask==3.0.3 --hash=sha256:{digest}"
    assert lines[1].startswith("gunicorn==23.0.0 --hash=sha256:")


def test_another_interpreter_than_the_target_s_is_refused(compiled):
    check.interpreter(TARGET, compiled)
    with pytest.raises(output.Failure, match="the interpreter is 3.11.2 cp311d, not 3.11.2 cp311$") as failure:
        check.interpreter(TARGET, compiled._replace(description="3.11.2 cp311d"))
    assert failure.value.code == 78


def test_wheels_that_fit_are_counted(compiled, built):
    check.wheels(TARGET, compiled, built, {"flask": "3.0.3", "gunicorn": "23.0.0"})


def test_wheels_that_do_not_fit_or_are_missing_are_named(compiled, built):
    write(built / "a-1-cp312-cp312-linux_x86_64.whl", "")
    with pytest.raises(output.Failure) as failure:
        check.wheels(TARGET, compiled, built, {"flask": "3.0.3", "gunicorn": "23.0.0", "jinja2": "3.1.6"})
    assert failure.value.code == 78
    assert str(failure.value).splitlines() == [
        "debian-12-x86_64-py3.11.2:",
        "    a-1-cp312-cp312-linux_x86_64.whl: is not for Python 3.11.2 with ABI cp311",
        "    jinja2==3.1.6 of the lock has no wheel",
    ]


def test_a_lock_that_fits_is_read(project):
    write_lock(project)
    assert lock.check(TARGET) == {"flask": "3.0.3", "gunicorn": "23.0.0"}


def test_a_lock_of_other_requirements_is_refused(project):
    write_lock(project)
    write(project / "project/requirements.txt", "changed")
    with pytest.raises(
        output.Failure, match="changed since project/locks/py3.11.txt was made: run `make lock`"
    ) as failure:
        lock.check(TARGET)
    assert failure.value.code == 78


def test_a_lock_without_gunicorn_is_refused(project):
    write_lock(project, "# sha256 of requirements.txt: {digest}\nFlask==3.0.3\n")
    with pytest.raises(
        output.Failure, match="py3.11.txt lacks gunicorn, which serves the app: run `make lock`"
    ) as failure:
        lock.check(TARGET)
    assert failure.value.code == 78


@pytest.mark.parametrize("series, name", [("2.7", "py2.7.txt"), ("3.9", "py3.9.txt"), ("3.13", "newer.txt")])
def test_every_python_has_a_pip_tools(series, name):
    path = lock.tools_for(series)
    assert path.name == name
    assert path.read_text().startswith("pip-tools==")


MORE = "shop-1.data/purelib/more.py"


@pytest.fixture
def wheels_of_shop(project, tmp_path):
    """A directory with one wheel, which has the modules shop.web, shop.workers, shop.c.fast and more."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    with zipfile.ZipFile(directory / "shop-1-py3-none-any.whl", "w") as wheel:
        for name in ("shop/web.py", "shop/workers.py", "shop/c/fast.cpython-311-x86_64-linux-gnu.so", MORE):
            wheel.writestr(name, "")
    return directory


@pytest.mark.parametrize(
    "module",
    ["app:app", "shop.web:create_app()", "shop.c.fast:app", "shop:app", "more:app", "board.web:app", "board:app"],
)
def test_modules_that_are_there_pass(project, wheels_of_shop, module, monkeypatch):
    monkeypatch.setattr(check, "APP", project / "project")
    write(project / "project/board/web.py", "")
    check.modules(SETTINGS._replace(app_module=module, worker_class="shop.workers.Worker"), wheels_of_shop)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"app_module": "board.web:app"}, "APP_MODULE: neither project/ nor any wheel has a module board.web"),
        ({"app_module": "shop.wbe:app"}, "APP_MODULE: neither project/ nor any wheel has a module shop.wbe"),
        ({"app_module": "web:app"}, "APP_MODULE: neither project/ nor any wheel has a module web"),
        ({"worker_class": "uvicorn.workers.UvicornWorker"}, "WORKER_CLASS: no wheel has .* add uvicorn to what"),
    ],
)
def test_modules_that_are_nowhere_are_refused(project, wheels_of_shop, values, message, monkeypatch):
    monkeypatch.setattr(check, "APP", project / "project")
    with pytest.raises(output.Failure, match=message) as failure:
        check.modules(SETTINGS._replace(**values), wheels_of_shop)
    assert failure.value.code == 78
    write(project / "project/src/board/web.py", "")
    if "app_module" in values:
        with pytest.raises(output.Failure, match="below src/ is installed by ./DIRECTORY"):
            check.modules(SETTINGS._replace(**values), wheels_of_shop)


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("def make(): ...", True),
        ("def make(config=None): ...", True),
        ("def make(config): ...", True),
        ("def make(*, debug=False): ...", True),
        ("def make(environ, start_response): ...", False),
        ("def make(environ, start_response, log=None): ...", False),
        ("def make(*arguments): ...", False),
        ("async def make(scope, receive, send): ...", False),
        ("@responder\ndef make(request): ...", False),
        ("def make(): ...\nmake = make()", False),
        ("from board import make", False),
        ("print 'Python 2'", False),
    ],
)
def test_a_factory_without_its_parentheses_is_refused(project, wheels_of_shop, source, is_one, monkeypatch):
    monkeypatch.setattr(check, "APP", project / "project")
    write(project / "project/board/__init__.py", source)
    check.modules(SETTINGS._replace(app_module="board:make()"), wheels_of_shop)
    with pytest.raises(output.Failure, match=r"write board:make\(\)") if is_one else nullcontext():
        check.modules(SETTINGS._replace(app_module="board:make"), wheels_of_shop)


def test_a_bundle_says_how_it_is_served(project, compiled, built):
    write(project / "project/shop/static/a.css", "")
    chosen = SETTINGS._replace(worker_class="gevent", static_url="/static/", static_dir="shop/static")
    lines = read(build(compiled, built, settings=chosen).path, "app-v1/BUNDLE").splitlines()
    assert {"WORKER_CLASS=gevent", "STATIC_URL=/static/", "STATIC_DIR=shop/static"} < set(lines)
    assert not any(line.startswith("REQUIREMENTS") for line in lines)


def test_a_static_directory_that_is_not_shipped_is_refused(project, compiled, built):
    with pytest.raises(output.Failure, match="STATIC_DIR: there is no project/static") as failure:
        build(compiled, built, settings=SETTINGS._replace(static_url="/static/", static_dir="static"))
    assert failure.value.code == 78
