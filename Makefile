# The content hub. `make` alone says what can be done.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help setup up demo test accuracy check format schema permissions migration lock targets audit fuzz bench bench-quick bench-growth bench-search bench-workers clean

help: ## Say what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the hub needs …"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what its tests need …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.dev ## Install everything into .venv, for developing

up: $(VENV)/.runtime ## Start the hub on this machine: database, queue, API, workers
	@$(BIN)/hub up

demo: $(VENV)/.runtime ## Play a week in the life of two brands; the report is in demo-report/
	@$(BIN)/hub demo

test: $(VENV)/.dev ## Run every test, on real PostgreSQL and Valkey
	@$(BIN)/pytest -n 3 --dist worksteal -q

accuracy: $(VENV)/.dev ## Measure how well languages, moods and bad messages are told
	@$(BIN)/python -m tests.accuracy $(ACCURACY)

check: $(VENV)/.dev ## Check types, style and import contracts, without tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

schema: $(VENV)/.runtime ## Print the GraphQL contract into schema/schema.graphql
	@$(BIN)/python -m schema.schema > schema/schema.graphql.new && mv schema/schema.graphql.new schema/schema.graphql

permissions: $(VENV)/.dev ## Write who may do what into docs/permissions.md
	@WRITE_PAGES=1 $(BIN)/pytest -q -p no:randomly tests/hub/access/test_permission_table.py

migration: $(VENV)/.dev ## Write a migration from the tables: make migration NAME="add this" (needs HUB_MIGRATE_URL)
	@$(BIN)/alembic revision --autogenerate -m "$(NAME)"

lock: ## Lock the newest versions of everything, with hashes and without any address
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/python -m pip install --quiet uv
	@$(VENV)-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --upgrade \
		--no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml -o requirements.lock
	@$(VENV)-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --upgrade \
		--no-emit-index-url --no-emit-find-links --python-version 3.11 --extra dev -c requirements.lock \
		pyproject.toml -o requirements-dev.lock
	@rm -rf $(VENV)-lock

targets: $(VENV)/.dev ## Run the story against servers that other people wrote
	@$(BIN)/python -m tests.targets

audit: $(VENV)/.dev ## Run the GraphQL-over-HTTP audit against a running hub
	@$(BIN)/python -m tests.audit

fuzz: $(VENV)/.dev ## Send 2,000 hostile requests to a running hub, compare 50,000 random reads
	@$(BIN)/python -m tests.fuzz

bench: $(VENV)/.dev ## Measure the hub beside hand-written SQL and three other servers
	@$(BIN)/python -m tests.bench $(BENCH)

bench-quick: $(VENV)/.dev ## Measure the hub beside hand-written SQL, in a minute
	@$(BIN)/python -m tests.bench --quick $(BENCH)

bench-search: $(VENV)/.dev ## Measure searches over 200,000 contents in 20 workspaces, in the database
	@$(BIN)/python -m tests.bench.search

bench-workers: $(VENV)/.dev ## Measure jobs beside Celery, taskiq and plain Dramatiq on the same work
	@$(BIN)/python -m tests.bench.workers $(BENCH)

bench-growth: $(VENV)/.dev ## Measure the hub among 2 million contents (SCALE=10: 200 thousand)
	@$(BIN)/python -m tests.bench --growth $(or $(SCALE),100) $(BENCH)

clean: ## Remove what was installed and built here; data in .hub stays
	@rm -rf $(VENV) $(VENV)-lock build *.egg-info .mypy_cache .ruff_cache .pytest_cache
