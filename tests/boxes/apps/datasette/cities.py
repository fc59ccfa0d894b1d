"""Datasette (ASGI) over the one database that the release brings."""

from pathlib import Path

from datasette.app import Datasette

app = Datasette(immutables=[str(Path(__file__).with_name("cities.db"))]).app()
