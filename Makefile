# Everything a newcomer needs: `make demo`, `make test`, `make lint`. Each sets up what it uses, in .venv.
PYTHON ?= python3
BIN := .venv/bin

WORKFLOWS := $(wildcard .github/workflows/*.yml)

.PHONY: demo test test-all test-workflows test-editor test-engine trino conformance soak bench lint reference lock clean

demo: .venv/ready
	$(BIN)/python docs/demo.py

test: .venv/ready
	$(BIN)/pytest

# The long tests too, which `make test` leaves out.
test-all: .venv/ready
	$(BIN)/pytest -m ""

# Needs node: the workflows, run for real by act against a sandbox and a small GitHub; a part of `make test`.
test-workflows: .venv/ready
	$(BIN)/pytest -m "" tests/workflows

# docs/format.md from the schemas, docs/commands.md from the command, docs/same.md from the table of what the sandbox
# answers as Trino does.
reference: .venv/ready
	$(BIN)/python docs/reference.py

# Random histories of killed, stalled and disturbed runs, for as long as you like: it converges, whatever happens.
MINUTES ?= 60
WORKERS ?= 2
soak: .venv/ready
	$(BIN)/python -m tests.machine.soak --minutes $(MINUTES) --workers $(WORKERS)

# Every aim of benchmarks/README.md, met or missed; `make bench OPTIONS=--quick` takes a minute, and
# `make bench OPTIONS="--full --write"` writes the page. Installs other tools into .venv/peers.
OPTIONS ?=
bench: .venv/ready
	$(BIN)/python -m benchmarks $(OPTIONS)

# Needs the engine (`make trino`), or COHORTS_TRINO, the address of a Trino 423 with the catalogs td and td0 to td3:
# what this project says of Trino, played on it; docs/conformance.md is its report.
conformance: .venv/ready
	$(BIN)/python -m tests.conformance.run

# Needs npm: what an editor shows of the schemas, by yaml-language-server.
test-editor: .venv/ready
	npm install --silent --prefix .venv/editor yaml-language-server@1.25.0
	COHORTS_YAML_LANGUAGE_SERVER=$(CURDIR)/.venv/editor/node_modules/.bin/yaml-language-server $(BIN)/pytest -n 0 tests/editor

# Needs Java 17 or later and Maven: a real Trino 423 in the user's cache (88 MB), for `--engine trino`.
trino: .venv/ready
	$(BIN)/cohorts sandbox --engine trino --setup

# The engine for real: its tables, Treasure Data's functions, the sandbox and the cohorts' tests on it.
test-engine: trino
	COHORTS_TEST_ENGINE=1 $(BIN)/pytest -n 0 tests/engine/real tests/workflows/test_engine.py

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/actionlint $(WORKFLOWS)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jactionlint $(WORKFLOWS)
	$(BIN)/zizmor --offline --no-progress --quiet --persona=auditor --config .github/zizmor.yml .github action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml .github/actions/cohorts/action.yml

# uv where there is one; else a venv; else a venv without its own pip (Debian's python3 may lack ensurepip).
.venv/ready: requirements-dev.lock pyproject.toml
	@rm -rf .venv
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv -q --python $(PYTHON) .venv && uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock \
	  && uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	elif $(PYTHON) -m venv .venv 2>/dev/null; then \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock \
	  && $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	else \
	  rm -rf .venv && $(PYTHON) -m venv --without-pip .venv \
	  && $(PYTHON) -m pip --python $(BIN)/python install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock \
	  && $(PYTHON) -m pip --python $(BIN)/python install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $@

# Needs uv. The locks carry hashes and no registry's address: what runs (action.yml installs it), and all of it.
LOCK := uv pip compile pyproject.toml --extra sandbox --universal --generate-hashes --no-emit-index-url --no-header -q
lock:
	$(LOCK) --group dev -o requirements-dev.lock
	$(LOCK) --group build -c requirements-dev.lock -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
