"""Apps of other people, from PyPI, adopted as docs/app.md says: built, deployed to a booted box, their pages fetched.

apps/ holds what their users write themselves.
"""

import json
import re
import shutil
import sqlite3
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.box import boot_box
from lab.engine import require_base_image
from lab.project import generate

APPS = Path(__file__).parent / "apps"
PACKAGES = "venv/lib/python3.11/site-packages"
UVICORN = {"WORKER_CLASS": "uvicorn.workers.UvicornWorker"}


def adopt(directory, name, **settings):
    """A project whose app is apps/NAME and whose config.env says so."""
    project = generate(directory)
    shutil.rmtree(project.root / "project")
    shutil.copytree(APPS / name, project.root / "project")
    config = project.root / "config.env"
    text = config.read_text()
    for key, value in settings.items():
        text = re.sub(rf"^{key}='.*'$", f"{key}='{value}'", text, flags=re.MULTILINE)
    config.write_text(text)
    return project


@contextmanager
def served(project):
    """A box that serves it; what is installed there is what was built."""
    require_base_image("debian:12")
    project.build("1", ENGINE="docker")
    with boot_box("debian-12") as box:
        where = {"HOST": f"root@{box.address}", "VERSION": "1", "SSH_CONFIG": box.ssh_config}
        deployed = project.make("deploy", USERNAME="app", **where)
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        yield box
        verified = project.make("verify", **where)
        assert verified.returncode == 0, verified.stdout + verified.stderr


def test_datasette_asgi_with_a_database_and_static_files(tmp_path):
    """pyproject.toml; uvicorn's worker; its own static files through nginx, which needs no app for them."""
    static = {"STATIC_URL": "/-/static/", "STATIC_DIR": f"{PACKAGES}/datasette/static"}
    project = adopt(tmp_path, "datasette", APP_MODULE="cities:app", HEALTH_PATH="/-/versions.json", **UVICORN, **static)
    database = sqlite3.connect(project.root / "project/cities.db")
    with database:
        database.execute("create table cities (name text, people integer)")
        database.execute("insert into cities values ('Bruges', 118000)")
    database.close()
    with served(project) as box:
        assert ">Bruges<" in box.get("/cities/cities")
        assert "uvicorn" in box.get("/-/versions.json")
        style = box.get("/-/static/app.css")
        assert "font-family" in style
        escaped = box.ssh("curl -s -o /dev/null -w '%{http_code}' --path-as-is 127.0.0.1/-/static/../cli.py")
        assert escaped.stdout != "200"
        kept = box.ssh("curl -s -D - -o /dev/null 127.0.0.1/-/static/app.css").stdout
        assert re.search(r"^Server: nginx", kept, re.MULTILINE) and "1980" not in kept


@pytest.mark.full
def test_fastapi_asgi_with_checked_bodies_and_a_database(tmp_path):
    """A package in pyproject.toml's project; pydantic's compiled core; a startup that makes the table in instance/."""
    static = {"STATIC_URL": "/static/", "STATIC_DIR": "shop/static"}
    worker = {"WORKER_CLASS": "uvicorn_worker.UvicornWorker"}
    project = adopt(tmp_path, "fastapi", APP_MODULE="shop.main:app", HEALTH_PATH="/up", **worker, **static)
    with served(project) as box:
        put = "curl -s -X PUT -H 'Content-Type: application/json' http://127.0.0.1/items"
        assert json.loads(box.ssh(f"""{put} -d '{{"name": "nail", "count": 3}}'""").stdout)["count"] == 3
        refused = json.loads(box.ssh(f"""{put} -d '{{"name": "nail", "count": -1}}'""").stdout)
        assert refused["detail"][0]["type"] == "greater_than"
        box.ssh("sh /opt/app/current/deploy/activate.sh --restart", timeout=120)
        assert json.loads(box.get("/items/nail")) == {"name": "nail", "count": 3}
        assert json.loads(box.get("/openapi.json"))["info"]["title"] == "Shop"
        assert "Swagger UI" in box.get("/docs")
        assert "darkgreen" in box.get("/static/shop.css")
        assert box.ssh("ls /opt/app/shared/data").stdout == "shop.db\n"


@pytest.mark.full
def test_isso_wsgi_with_a_compiled_dependency_and_a_database(tmp_path):
    """requirements.txt; misaka, which PyPI has as C source only; comments in instance/ that a restart keeps."""
    static = {"STATIC_URL": "/js/", "STATIC_DIR": f"{PACKAGES}/isso/js"}
    project = adopt(tmp_path, "isso", APP_MODULE="comments:app", HEALTH_PATH="/info", **static)
    with served(project) as box:
        comment = '{"text": "some *words* of mine", "title": "A page"}'
        post = f"curl -s -H 'Content-Type: application/json' -H 'Origin: http://board.example' -d '{comment}'"
        answer = box.ssh(f"{post} 'http://127.0.0.1/new?uri=/page'").stdout
        assert "<em>words</em>" in answer, answer
        box.ssh("sh /opt/app/current/deploy/activate.sh --restart", timeout=120)
        assert "<em>words</em>" in box.get("/?uri=/page")
        assert box.ssh("ls /opt/app/shared/data").stdout == "comments.db\n"
        assert "isso" in box.get("/js/embed.min.js")


@pytest.mark.full
def test_wagtail_django_with_migrations_and_static_files(tmp_path):
    """Poetry's table; a package with wsgi.py; before-switch.sh migrates; the admin's style through nginx."""
    static = {"STATIC_URL": "/static/", "STATIC_DIR": f"{PACKAGES}/wagtail/admin/static"}
    project = adopt(tmp_path, "wagtail", APP_MODULE="board.wsgi:application", HEALTH_PATH="/admin/login/", **static)
    with served(project) as box:
        assert "Sign in - Wagtail" in box.ssh("curl -s -H 'Host: localhost' 127.0.0.1/admin/login/").stdout
        assert "Welcome to your new Wagtail site" in box.ssh("curl -s -H 'Host: localhost' 127.0.0.1/").stdout
        assert box.ssh("ls /opt/app/shared/data").stdout == "db.sqlite3\n"
        assert "--w-color" in box.get("/static/wagtailadmin/css/core.css")
