"""Static files that nginx gives out: what goes into its configuration, and what is refused to go there."""

import importlib
import os
import shutil
import sys
from types import SimpleNamespace

import pytest

import building

sys.path.append(str(building.TEMPLATE / "deploy/release"))
static_files = importlib.import_module("static_files")
nginx = importlib.import_module("nginx")
failure = importlib.import_module("output").Failure
sys.path.append(str(building.TEMPLATE / "tests"))
system_files = importlib.import_module("system_files")

LOCATION = """\
    # app: these files nginx gives out itself, those of the release in service.
    location ^~ /static/ {
        alias /opt/app/current/shop/static/;
    }
"""


@pytest.fixture
def release(tmp_path):
    path = tmp_path / "app-v1"
    shutil.copytree(building.TEMPLATE / "deploy/box", path / "deploy/box")
    values = {"STATIC_URL": "/static/", "STATIC_DIR": "shop/static"}
    return SimpleNamespace(path=str(path), box_files=str(path / "deploy/box"), directory_name=path.name, bundle=values)


def layout(**settings):
    values = {"NGINX": "site", **settings}
    return SimpleNamespace(name="app", base="/opt/app", public=("127.0.0.1", 1337), settings=values)


def test_they_come_before_the_app_in_site_and_snippet(release):
    assert static_files.location(layout(), release) == LOCATION
    for kind in ("site", "snippet"):
        text = next(text for text in nginx.Site(layout(NGINX=kind))._wanted(release).values() if text)
        assert LOCATION in text and text.index(LOCATION) < text.index("location / {") and "@" not in text


@pytest.mark.parametrize("values", [{}, {"STATIC_URL": "/static/", "STATIC_DIR": "shop/static"}], ids=["none", "some"])
def test_verify_expects_what_is_written(release, values):
    release.bundle = values
    templates = {f"deploy/box/{file}": read(release, file) for file in os.listdir(release.box_files) if "." in file}
    bundle = SimpleNamespace(
        name="app",
        templates=templates,
        static_url=values.get("STATIC_URL", ""),
        static_dir=values.get("STATIC_DIR", ""),
    )
    box = SimpleNamespace(base="/opt/app", port="1337", server_name="", nginx="site", upstream="127.0.0.1:1337")
    assert system_files.nginx_files(bundle, box) == nginx.Site(layout())._wanted(release)


def read(release, name):
    with open(os.path.join(release.box_files, name)) as file:
        return file.read()


@pytest.mark.parametrize(
    ("url", "directory"),
    [
        ("/static/; root /etc", "static"),
        ("/static/ {} location /x/", "static"),
        ("/", "static"),
        ("/../", "static"),
        ("static/", "static"),
        ("/static/", "../static"),
        ("/static/", "/etc"),
        ("/static/", "a;b"),
        ("/static/", "instance"),
        ("/static/", "wheels/a"),
        ("/static/", None),
        (None, "static"),
    ],
)
def test_what_no_build_writes_is_refused(release, url, directory):
    release.bundle = {"STATIC_URL": url, "STATIC_DIR": directory}
    with pytest.raises(failure) as reason:
        static_files.location(layout(), release)
    assert reason.value.status == 65


def test_files_get_the_time_of_the_installation(release):
    static = os.path.join(release.path, "shop/static")
    os.makedirs(static)
    for name in ("old.css", "outside"):
        with open(os.path.join(static if name == "old.css" else release.path, name), "w"):
            pass
        os.utime(os.path.join(static if name == "old.css" else release.path, name), (315532800, 315532800))
    os.symlink("../../outside", os.path.join(static, "link.css"))
    static_files.prepare(release)
    assert os.path.getmtime(os.path.join(static, "old.css")) > 315532800
    assert os.path.getmtime(os.path.join(release.path, "outside")) == 315532800


@pytest.mark.parametrize(
    "make", [lambda path: None, lambda path: os.symlink("/etc", path)], ids=["missing", "link out"]
)
def test_a_directory_that_is_not_in_the_release_is_refused(release, make):
    os.makedirs(os.path.join(release.path, "shop"))
    make(os.path.join(release.path, "shop/static"))
    with pytest.raises(failure, match="is no directory of app-v1"):
        static_files.prepare(release)
