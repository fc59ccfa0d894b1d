"""Tests of what Cookiecutter generates from this template."""
