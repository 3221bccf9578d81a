# Needs make and Python 3.11 or later; everything else is installed into .venv.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help demo test test-all test-lowest lint bench clean

PYTHON ?= python3
WORKERS ?= 2
PYTEST_ARGS ?=
BIN := .venv/bin

# One thread for each process: the tests already run side by side.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
ifneq ($(wildcard ../shared/data),)
export SKYFOLD_DATA ?= $(abspath ../shared/data)
endif

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

demo: .venv/.stamp  ## a survey simulated, written, read and fitted; needs no data
	$(BIN)/skyfold demo --out out/demo --overwrite $(DEMO_ARGS)

test: lint  ## lint, types, import layers and the tests that are not slow
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow" $(PYTEST_ARGS)

test-all: lint  ## the slow tests too
	$(BIN)/python -m pytest -q -n $(WORKERS) $(PYTEST_ARGS)

lint: .venv/.stamp  ## format, lint, types and import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-lowest: .venv-lowest/.stamp  ## the tests on the lowest versions that pyproject.toml allows
	.venv-lowest/bin/python -m pytest -q -n $(WORKERS) -m "not slow" $(PYTEST_ARGS)

bench: .venv/.stamp .bench-env/.stamp  ## time and memory against Gammapy, in an environment of its own
	$(BIN)/python bench/run.py --gammapy $(abspath .bench-env/bin/python) $(BENCH_ARGS)

clean:  ## remove the environments and caches
	rm -rf .venv .venv-lowest .bench-env .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist

.venv/.stamp: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "skyfold needs Python 3.11 or later; set PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[dev,dask]' -c constraints.txt
	touch $@

.venv-lowest/.stamp: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install -q -e '.[test,dask]' -c constraints-lowest.txt
	touch $@

.bench-env/.stamp: Makefile
	$(PYTHON) -m venv .bench-env
	.bench-env/bin/pip install -q 'gammapy==2.1' 'regions<0.12' 'astropy<8'
	touch $@
