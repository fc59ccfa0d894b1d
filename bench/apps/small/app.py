"""A Flask app that tells its version."""

from flask import Flask

VERSION = "1"
app = Flask(__name__)


@app.route("/")
def index():
    return VERSION
