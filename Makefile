# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
TEST_PROCESSES ?= 3
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
PACKAGES := app benchmarks catalog client/visual_search_client demo engine etl evaluation loadtest models samples training visual_search

.DEFAULT_GOAL := help
.PHONY: help setup house mutants mutants-quick demo demo-stop gate test test-clients test-fast chaos check lint types imports api loadtest bench bench-quick bench-query bench-query-quick bench-rivals bench-updates bench-embedding default-model lock format clean calibrate calibrate-quick

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1); try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: install it and try again" >&2; exit 2; }

$(VENV)/.demo: requirements-demo.txt | $(PY)
	@echo "Installing what the demo needs (no torch) ..."
	@$(PIP) -r requirements-demo.txt
	@touch $@

$(VENV)/.test: requirements-torch.txt | $(PY)
	@echo "Installing what the tests need (torch included, some minutes and 5 GB) ..."
	@$(PIP) -r requirements-torch.txt
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: requirements-bench.txt | $(VENV)/.test
	@echo "Installing what the comparisons need (builds annoy and hnswlib: needs a C++ compiler) ..."
	@$(PIP) -r requirements-bench.txt
	@touch $@

setup: $(VENV)/.demo ## install the command visual-search into .venv (editable)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@echo "Done. Activate it: . $(VENV)/bin/activate, then: visual-search --help"

house: $(VENV)/.test ## measure the code itself: sizes, names, docstrings, what one request crosses
	@$(PY) -m benchmarks.house

mutants: $(VENV)/.test ## change the code in small ways and count what the tests notice: search, model runtime, ETL, gate (an hour)
	@$(PY) -m benchmarks.mutants

mutants-quick: $(VENV)/.test ## the short form of mutants
	@$(PY) -m benchmarks.mutants --quick

demo: $(VENV)/.demo ## draw a shop, embed its photos, start the API and ask it for similar products
	@$(PY) -m demo start

demo-stop: ## stop what the demo started
	@if [ -x $(PY) ]; then $(PY) -m demo stop; else echo "Nothing to stop: there is no demo here."; fi

# Three processes, a file each, for most tests wait for servers; the slow ones come first, by folder.
test: $(VENV)/.test ## all tests, against a real Elasticsearch
	@$(PY) -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -m "not chaos and not clients"

test-fast: $(VENV)/.test ## the unit tests
	@$(PY) -m pytest tests/unit client/tests

GENERATORS := tests/generated_clients/requirements
var/clients/.made: $(GENERATORS).txt | $(PY)
	@echo "Installing what clients are generated with ..."
	@$(PYTHON) -m venv var/clients
	@var/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(GENERATORS).txt
	@touch $@

test-clients: $(VENV)/.test var/clients/.made ## generate a Python and a TypeScript client and ask the API through both
	@$(PY) -m pytest -m clients

chaos: $(VENV)/.test ## clusters of three nodes, killed processes
	@$(PY) -m pytest -m chaos

check: lint types imports ## lint, types, import contract

lint: $(VENV)/.test
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

types: $(VENV)/.test
	@$(PY) -m mypy $(PACKAGES) tests/conftest.py tests/fakes.py

imports: $(VENV)/.test
	@$(VENV)/bin/lint-imports
	@cd client && PYTHONPATH=. ../$(VENV)/bin/lint-imports

format: $(VENV)/.test ## put the code into the house style
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

api: $(VENV)/.demo ## serve the API with gunicorn on 127.0.0.1 and API_PORT
	@$(PY) -m app serve

loadtest: $(VENV)/.test ## a short locust run against the local engine with 10 k drawn vectors; fails on errors
	@$(PY) -m loadtest local

bench: $(VENV)/.test ## API beside a bare client: 10 k and 100 k vectors of 40 and 512 dimensions
	@$(PY) -m benchmarks.api

bench-quick: $(VENV)/.test ## the short form of bench
	@$(PY) -m benchmarks.api --quick

bench-query: $(VENV)/.test ## goals, planner and physical limit up to 1 M vectors; hours with the loading (BENCH=--keep keeps it)
	@$(PY) -m benchmarks.query run $(BENCH)

bench-query-quick: $(VENV)/.test ## the short form of bench-query
	@$(PY) -m benchmarks.query run --quick

bench-rivals: $(VENV)/.bench ## the API beside annoy, hnswlib, faiss and pgvector: 100 k vectors of 40 and 512 dimensions
	@$(PY) -m benchmarks.rivals

bench-updates: $(VENV)/.test ## price updates a second on every type of vector index
	@$(PY) -m benchmarks.updates

bench-embedding: $(VENV)/.test ## embedding one photo beside bare ONNX Runtime
	@$(PY) -m benchmarks.embedding

gate: $(VENV)/.test ## judge the shipped default if a bundle or the code of models/ changed since; GATE=--keep for git
	@$(PY) -m benchmarks.gate $(GATE)

default-model: $(VENV)/.test ## train the shipped default anew from ../shared and a drawn shop: about an hour on two cores
	@$(PY) -m samples make var/training/drawn --products 1000 --seed 11
	@BUNDLES=var/training/bundles $(PY) -m models add mobilenet_v2_imagenet --license Apache-2.0 \
		--onnx ../shared/weights/mobilenet_v2_imagenet.onnx \
		--preprocessing ../shared/weights/mobilenet_v2_imagenet.preprocessing.json
	@$(PY) -m training fit training/recipes/default.json --hold 0
	@$(PY) -m training fit training/recipes/default.json --refine 0

calibrate: $(VENV)/.test ## measure the planner's prices on this Elasticsearch (10 minutes) into var/calibrate/costs.json
	@$(PY) -m benchmarks.calibrate

calibrate-quick: $(VENV)/.test ## the short form of calibrate
	@$(PY) -m benchmarks.calibrate --quick

LOCK := uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command 'make lock'
EVERYTHING := --extra etl --extra engine --extra loadtest --extra evaluation --extra training --extra dev
lock: ## pin every dependency with hashes (needs uv)
	$(LOCK) $(EVERYTHING) --extra torch -o requirements-torch.txt
	$(LOCK) $(EVERYTHING) --extra torch --extra bench -c requirements-torch.txt -o requirements-bench.txt
	$(LOCK) --extra etl --extra engine -c requirements-torch.txt -o requirements-demo.txt
	$(LOCK) --extra etl -c requirements-torch.txt -o requirements-etl.txt
	$(LOCK) --extra loadtest -c requirements-torch.txt -o requirements-loadtest.txt
	$(LOCK) -c requirements-torch.txt -o requirements.txt
	$(subst pyproject.toml,$(GENERATORS).in,$(LOCK)) -o $(GENERATORS).txt

clean: demo-stop ## stop the demo and remove everything that was made here
	@rm -rf $(VENV) var
