"""What no bundle is made of: locks and wheels that do not fit, an app that is not there, a glibc that is too new."""

import hashlib
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

import building
from packing import SETTINGS, TARGET, build, write, write_lock

check = building.part("builder.check")
interpreter = building.part("builder.interpreter")
lock = building.part("builder.lock")
output = building.part("builder.output")
requirements = building.part("builder.requirements")
settings = building.part("builder.settings")
tools = building.part("builder.tools")
wheels = building.part("builder.wheels")


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


def test_what_the_kit_names_passes(tmp_path, monkeypatch):
    kit = building.TEMPLATE / "deploy/kit"
    monkeypatch.setattr(check, "APP", kit)
    monkeypatch.setattr(settings, "KIT", str(kit))
    values = {"APP_NAME": "app", "APP_MODULE": "shop:app", "HEALTH_PATH": "/"}
    monkeypatch.setattr(settings, "given", lambda: {name: (value, "") for name, value in values.items()})
    check.modules(settings.read(), tmp_path)
