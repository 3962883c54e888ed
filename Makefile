# `make demo` trains the letter reader, `make test` runs the whole test suite. Each makes .venv when it is not there,
# by ordinary pip; PYTHON=python3.12 chooses the interpreter.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check format benchmarks clean

help:
	@echo 'make demo        train the letter reader on rendered letters, write its pictures'
	@echo 'make test        lint, type-check and run every test and every documented example'
	@echo 'make check       lint, formatting and types only'
	@echo 'make format      rewrite the sources the way `make check` wants them'
	@echo 'make benchmarks  compare speeds with PyTorch (install the extra "oracle" for the comparison)'
	@echo 'make clean       remove .venv and what the tools left behind'

demo: $(VENV)/.demo
	$(BIN)/python examples/ocr.py

test: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n $(JOBS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: $(VENV)/.dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# An empty file remembers which extras are in; a change of pyproject.toml installs again.

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[examples]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[dev,examples,safetensors]'
	@touch $@ $(VENV)/.demo
