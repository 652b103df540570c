# Everything that a developer types. Each target first makes .venv when it is missing or pyproject.toml changed.
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check bench format clean

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.installed
# Workers share one PostgreSQL and one Kafka; quick tests come first, and few are handed out at a time.
TEST_OPTIONS ?= -n auto --maxprocesses=4 --dist=load --maxschedchunk=4

help: ## What there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make the virtual environment and install everything, pinned

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or run make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "The venv module is missing (Debian: apt install python3-venv)"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## The main job on sample files, on an embedded PostgreSQL
	@$(BIN)/ledgerline demo

serve: $(STAMP) ## Everything in one process, with the API's docs; Ctrl-C ends it
	@$(BIN)/ledgerline up

test: $(STAMP) ## All tests, on a real PostgreSQL and a real Kafka that they start themselves
	@$(BIN)/python -m pytest $(TEST_OPTIONS) $(ARGS)

check: $(STAMP) ## Format, lint, types, import contracts, then all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

bench: $(STAMP) ## The figures, each against its yardstick in the same run
	@$(BIN)/python -m benchmarks

format: $(STAMP) ## Put the source in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what can be made again; .ledgerline (your data) and .env stay
	rm -rf .venv .cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
