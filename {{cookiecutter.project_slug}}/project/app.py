"""A small Flask app: a page, a health check and the version. Your own app replaces this directory."""

import os

from flask import Flask, render_template

# Every release that was built with `make tarball` has this file beside the app.
BUNDLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "BUNDLE")
PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def read_version(bundle=BUNDLE):
    """Return the VERSION that the file `bundle` names, or "dev" where there is no such file."""
    if not os.path.exists(bundle):
        return "dev"
    with open(bundle) as lines:
        values = dict(line.rstrip("\n").split("=", 1) for line in lines)
    return values["VERSION"]


def create_app():
    """Return the app; the version is read once, when a worker starts."""
    app = Flask(__name__)
    release = read_version()

    @app.route("/")
    def index():
        return render_template("index.html", version=release)

    @app.route("/health")
    def health():
        return "ok", PLAIN_TEXT

    @app.route("/version")
    def version():
        return release, PLAIN_TEXT

    return app


app = create_app()
