# What a person runs here. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

export PIP_DISABLE_PIP_VERSION_CHECK := 1

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PACKAGES := $(wildcard config storage collector aggregator privacy dashboards commands) \
	$(wildcard cli.py)
CHECKED := $(PACKAGES) scripts tests $(if $(wildcard benchmarks/*.py),benchmarks)

.PHONY: help setup test test-slow lint demo run bench docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready .venv-sdks/.ready sdk/web/dist/.ready browser postgres ## set everything up in .venv and node_modules

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) scripts/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the Python packages of requirements.lock (about 250 MB) ..."
	@$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Other vendors' SDKs stay out of the product's own environment: they bring what they like.
.venv-sdks/.ready: requirements-sdks.lock | .venv/.ready
	@test -x .venv-sdks/bin/python || $(PYTHON) -m venv .venv-sdks
	@echo "Installing the Python SDKs of other vendors, which the tests run ..."
	@.venv-sdks/bin/python -m pip install --quiet --no-deps --requirement requirements-sdks.lock
	@touch $@

node_modules/.ready: package-lock.json .npmrc requirements-node.lock scripts/build_static.py | .venv/.ready
	@echo "Installing the Node packages of package-lock.json ..."
	@$(BIN)/python -m scripts.install_node_packages
	@$(BIN)/python -m scripts.build_static
	@touch $@

sdk/web/dist/.ready: node_modules/.ready scripts/build_web_sdk.py $(wildcard sdk/web/src/*.ts)
	@$(BIN)/python -m scripts.build_web_sdk
	@touch $@

.PHONY: browser
browser: node_modules/.ready
	@$(BIN)/python -m scripts.setup_chromium

.PHONY: postgres
postgres: .venv/.ready requirements-postgres.lock
	@$(BIN)/python -m scripts.setup_postgres

lint: ## style, types and the import rules
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy --no-error-summary $(CHECKED)
	$(BIN)/lint-imports --no-logo

# Most of the suite waits for processes, SDKs and browsers: three workers keep two cores busy. A
# file stays with one worker, and files go out in order, so that the long ones do not come last.
test: setup ## the whole suite but the slow tests, lint included; 45 minutes on two cores
	$(BIN)/python -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder \
		--session-timeout=4200 --durations=10

test-slow: setup ## the slow rest of the suite
	$(BIN)/python -m pytest -m slow

demo: setup ## every role on loopback with sample visitors and one partner release
	$(BIN)/sanaq demo

run: setup ## the same service, empty
	$(BIN)/sanaq up

bench: setup ## throughput and cost against nginx, and of every protocol, native = 1
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.protocols

docs: .venv/.ready ## write docs/reference.md and docs/protocols.md anew
	$(BIN)/python -m scripts.write_reference

clean: ## remove what set-up and tests made; data in ./var stays
	rm -rf .venv .venv-sdks node_modules dashboards/static/vendor sdk/web/dist *.egg-info \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
