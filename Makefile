# Verbs only; each is one script or tool, whose header is its help.

# Three files at a time, for two cores: most tests wait for a box. The tests of one file share their boxes.
PYTEST := .venv/bin/python -m pytest --numprocesses 3 --dist loadfile

.PHONY: help setup demo demo-stop test test-fast test-all lint bench clean

help: ## Show these verbs (the default)
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 18

setup: ## Install what the other verbs need: packages through apt as root, Python tools into .venv
	@tests/setup-machine.sh

demo: setup ## Generate a project, build it, install it on a box without internet and verify it [KEEP=1]
	@PYTHONPATH=tests .venv/bin/python -m lab.demo

demo-stop: setup ## End the box that make demo KEEP=1 left running
	@PYTHONPATH=tests .venv/bin/python -m lab.demo stop

test: lint ## Every mechanism once: all layers, engines and boxes
	@$(PYTEST) -m 'not full'

test-fast: lint ## The quick tests, without engine and boxes: under a minute
	@$(PYTEST) -m 'not full and not slow' tests/bake tests/scripts

test-all: lint ## Everything, the long tables too
	@$(PYTEST)

lint: setup ## Check shell, Python and Dockerfiles
	@tests/lint.sh

bench: setup ## Measure against pex, shiv, venv-pack, PyInstaller and the article's steps [LONG=1 APPS= CONTENDERS= ROUNDS=3]
	@PYTHONPATH=tests .venv/bin/python bench

clean: ## Remove what these verbs left in this directory; caches stay
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
