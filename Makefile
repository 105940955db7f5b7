# What each target does stands in tests/contract/http.md. An unchanged lock asks no network: the stamps carry its digest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := setup
.PHONY: setup demo test bench proof lint lock debian-packages

# Debian's own, where there is one: it is optimised by profiles, and what version managers build by default is not, which
# takes up to 1.7 times as long.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3.11) python3.11)
# For `bff dev`: make demo ARGS="--port 8001"
ARGS ?=
export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1

digest = $(firstword $(shell sha256sum $(1) | sha256sum))
web_sources := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' | sort)

# Each stamp lies in the folder that it vouches for, and goes with it. pip comes last into a new .venv.
venv := .venv/bin/pip
packages := .venv/.packages-$(call digest,requirements-dev.txt)
project := .venv/.project-$(call digest,pyproject.toml)
node_modules := web/node_modules/.packages-$(call digest,web/package-lock.json)
dist := web/dist/.built-$(call digest,$(web_sources))
core_suite := .venv/core-suite/.unpacked-$(call digest,requirements-dev.txt)

setup: $(project) $(dist) $(core_suite)

debian-packages:
	@.ci/debian-packages

$(venv): | debian-packages
	$(PYTHON) -m venv --clear .venv

$(packages): | $(venv)
	.venv/bin/pip install --quiet --require-hashes -r requirements-dev.txt
	@rm -f .venv/.packages-* && touch $@

$(project): | $(packages)
	PYTHONWARNINGS=ignore .venv/bin/pip install --quiet --no-deps --no-build-isolation -e .
	@rm -f .venv/.project-* && touch $@

# graphql-core's own tests, of the version and digest that the lock names.
$(core_suite): | $(packages)
	@rm -rf .venv/core-suite && mkdir .venv/core-suite
	@awk '/^graphql-core==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements-dev.txt \
		> .venv/core-suite/requirement.txt
	.venv/bin/pip download --quiet --no-deps --no-binary graphql-core --require-hashes \
		--dest .venv/core-suite --requirement .venv/core-suite/requirement.txt
	@tar -xzf .venv/core-suite/graphql_core-*.tar.gz -C .venv/core-suite
	@touch $@

$(node_modules): | debian-packages
	cd web && npm ci --no-audit --no-fund
	@touch $@

$(dist): | $(node_modules)
	cd web && npm run build
	@rm -f web/dist/.built-* && touch $@

demo: setup
	@.venv/bin/bff dev $(ARGS)

test: setup lint
	@.venv/bin/pytest

bench: setup
	@.venv/bin/python -m bench

proof: setup
	@.venv/bin/pytest -m proof tests/proof

lint: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

# Neither lock holds an address, so that any registry serves it.
lock: setup
	.venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
		--no-emit-find-links --no-header --extra dev -o requirements-dev.txt pyproject.toml
	cd web && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
