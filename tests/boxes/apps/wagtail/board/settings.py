"""A Django project of one package: its data in instance/, its secret from shared/app.env."""

import os
from pathlib import Path

RELEASE = Path(__file__).resolve().parents[1]

SECRET_KEY = os.environ.get("SECRET_KEY", "for test.py alone")
# The health check asks localhost and 127.0.0.1.
ALLOWED_HOSTS = ["localhost", "127.0.0.1", *os.environ.get("HOSTS", "").split(",")]
ROOT_URLCONF = "board.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": RELEASE / "instance/db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = RELEASE / "instance/media"
STATIC_URL = "/static/"
USE_TZ = True
WAGTAIL_SITE_NAME = "Board"
WAGTAILADMIN_BASE_URL = "http://board.example"
WAGTAIL_APPS = ("users", "images", "documents", "search", "admin", "sites")
DJANGO_APPS = ("auth", "contenttypes", "sessions", "messages", "staticfiles")
INSTALLED_APPS = [
    *(f"wagtail.{name}" for name in WAGTAIL_APPS),
    *("wagtail", "modelcluster", "taggit"),
    *(f"django.contrib.{name}" for name in DJANGO_APPS),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
CONTEXT = [f"django.{name}" for name in ("template.context_processors.request", "contrib.auth.context_processors.auth")]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": [*CONTEXT, "django.contrib.messages.context_processors.messages"]},
    }
]
