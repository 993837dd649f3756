# Everything below needs only Python 3.11 or 3.12, git and make: the rest comes from locked lists of packages.
.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-python test-web test-whole test-e2e lint lint-python lint-web format bench chaos evaluate lock chromium clean
SHELL := /bin/sh
unexport PYTHONDONTWRITEBYTECODE # images set it; then every process compiles all it imports, for ten seconds

# pyenv answers to names it cannot run, so the interpreter is asked, not looked up.
PYTHON ?= $(shell for p in python3.11 python3.12 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := $(CURDIR)/.venv/bin
STAMPS := .venv/.stamps
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

# The demo's own file gets a home of its own: it replaces the simulated market instead of mixing with it.
FILE ?=
HOME_DIR ?= .carousel/$(if $(FILE),own,demo)
HOST ?= 127.0.0.1
PORT ?= 8080

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMPS)/python web/dist/index.html ## install everything locked, build the web app; quick when nothing changed

demo: setup ## run it all with a simulated market, or FILE=cars.csv with your own (HOME_DIR=, PORT=)
	@exec $(BIN)/carousel up --demo --home "$(HOME_DIR)" --host $(HOST) --port $(PORT) $(if $(FILE),--import "$(FILE)")

up: setup ## run it all without the demo, in your user data folder
	@exec $(BIN)/carousel up --no-demo --host $(HOST) --port $(PORT)

# In the order of their cost. What is busy has two cores by itself; the browser's tests and what mostly waits share them.
TWO := $(MAKE) --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync)
test: setup ## everything CI runs (some 15 minutes on two slow cores)
	@$(TWO) lint-python lint-web
	@$(MAKE) --no-print-directory test-python test-web
	@$(TWO) test-e2e test-whole

test-python: $(STAMPS)/python ## unit and integration tests, with real Postgres and Valkey
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
		$(BIN)/pytest --ignore tests/e2e --timeout 300 -m "not (whole or alone)" -n 2 --dist loadfile
	$(BIN)/pytest --ignore tests/e2e --timeout 300 -m alone

test-web: web/dist/index.html ## the web app's own tests
	cd web && PATH="$(BIN):$$PATH" npm test

test-whole: $(STAMPS)/python ## whole servers, started, killed and frozen
	$(BIN)/pytest --ignore tests/e2e --timeout 300 -m "whole and not alone"

# Of two pytests the later one closes the folder of all temporary ones to the earlier one's servers.
test-e2e: setup chromium ## the tour, in a real browser
	folder=$$(mktemp -d) && $(BIN)/pytest tests/e2e --timeout 600 --basetemp "$$folder/e2e" && rm -rf "$$folder"

lint: lint-python lint-web ## ruff, mypy, import directions, eslint, vue-tsc

lint-python: $(STAMPS)/python
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-web: $(STAMPS)/node
	cd web && PATH="$(BIN):$$PATH" npm run lint
	cd web && PATH="$(BIN):$$PATH" npm run typecheck

format: $(STAMPS)/python $(STAMPS)/node ## put every source into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd web && PATH="$(BIN):$$PATH" npm run format

bench: setup ## every benchmark, one after the other (docs/benchmarks.md has our figures)
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

COMPILE := UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --universal --generate-hashes \
	--no-emit-index-url --python-version 3.11
chaos: setup ## hundreds of orders of events, half an hour of kills, freezes, poison and a full disk, and what must hold after it (docs/reliability.md)
	CAROUSEL_PROTOCOL_EXAMPLES=400 $(BIN)/pytest tests/dataflows/test_protocol.py
	$(BIN)/pytest --hypothesis-profile default $(shell grep -rl "@given" tests)
	$(BIN)/python tests/chaos/campaign.py --minutes 28 --kills 62
	$(BIN)/python tests/chaos/campaign.py --minutes 2 --kills 4 --rate 1000 --disk-full

evaluate: setup ## what recommendations are worth on the simulated market (docs/quality.md)
	$(BIN)/python benchmarks/quality.py

lock: $(STAMPS)/uv ## resolve the locked lists of packages anew (UPGRADE=--upgrade for the newest)
	$(COMPILE) $(UPGRADE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements/run.txt
	$(COMPILE) $(UPGRADE) pyproject.toml requirements/dev.in -c requirements/run.txt -o requirements/dev.txt

clean: ## remove what was installed and built, and the demo's data
	rm -rf .venv .carousel web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMPS)/uv: requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "make: Carousel needs Python 3.11 or 3.12 on the PATH (or PYTHON=...)" >&2; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: $(STAMPS)/uv requirements/dev.txt requirements/sync.py pyproject.toml
	@mkdir -p web/dist # a part of the package, built later by a tool that this step installs
	$(BIN)/python requirements/sync.py requirements/dev.txt
	@touch $@

$(STAMPS)/node: $(STAMPS)/python web/package.json web/package-lock.json
	cd web && PATH="$(BIN):$$PATH" npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: $(STAMPS)/node $(WEB_SOURCES)
	cd web && PATH="$(BIN):$$PATH" npm run build
	@touch $@

chromium: $(STAMPS)/python
	@if test -x /usr/bin/chromium; then :; \
	elif test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium; \
	else $(BIN)/playwright install chromium; fi
