"""A Flask app that tells its version by way of numpy, lxml and cryptography."""

import numpy
from cryptography.fernet import Fernet
from flask import Flask
from lxml import etree

VERSION = "1"
app = Flask(__name__)


@app.route("/")
def index():
    document = etree.fromstring(f"<version>{numpy.array([int(VERSION)]).sum()}</version>")
    box = Fernet(Fernet.generate_key())
    return box.decrypt(box.encrypt(document.text.encode())).decode()
