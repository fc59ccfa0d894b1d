"""The app skeleton comes with a lock for every Python that can be built, and each fits its requirements."""

import hashlib
import json
import re

import pytest

from bake.template import SOURCE

TABLES = json.loads((SOURCE / "wheels/pairs.json").read_text())
SERIES = sorted({series for table in TABLES.values() for names in table for series in names.split()})


@pytest.mark.parametrize("series", SERIES)
def test_there_is_a_lock_that_fits(series):
    text = (SOURCE / f"project/locks/py{series}.txt").read_text()
    digest = hashlib.sha256((SOURCE / "project/requirements.txt").read_bytes()).hexdigest()
    assert text.startswith(f'# Made by "make lock" for Python {series};')
    assert f"sha256 of requirements.txt: {digest}\n" in text
    pinned = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert {"flask", "gunicorn", "jinja2", "werkzeug"} <= set(pinned)
    assert len(pinned) == text.count("==")
