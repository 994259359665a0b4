# Development commands. Each works from a bare checkout with Python >= 3.11 and make; nothing is installed outside .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test check expect docs bench clean

demo: $(VENV)/installed  ## archive the bundled pages over HTTP from a loopback server, and show the records
	$(BIN)/python -m tests.demo

test: $(VENV)/installed  ## all tests, one process per core
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: $(VENV)/installed  ## format, lint, types, tests, docs in step
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m docs.generate --check
	$(BIN)/python -m pytest

expect: $(VENV)/installed  ## re-make fixtures' expectations from their pages and show what changes
	$(BIN)/python -m tests.expect

docs: $(VENV)/installed  ## write the generated pages of docs/
	$(BIN)/python -m docs.generate

bench: $(VENV)/installed  ## the budget table
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.extract
	$(BIN)/python -m benchmarks.archive
	$(BIN)/python -m benchmarks.search

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("luutru needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
