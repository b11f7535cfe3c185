# Commands for developers and CI. They need Python 3.11 or newer, make and a package index. `make help` lists them.
PYTHON ?= $(firstword $(foreach version,3.11 3.12 3.13,$(shell command -v python$(version) 2>/dev/null)))
BIN := .venv/bin
PATHS := ingest workers api tests deploy

.DEFAULT_GOAL := help
.PHONY: help setup clients check audit unit test test-long chaos attacks demo bench docs lock pin-images clean env.example cli-session

help: ## List the commands
	@sed -n 's/^\([a-z.-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: .venv/installed ## Create .venv and install the pinned dependencies and this package

.venv/installed: deploy/requirements.lock pyproject.toml
	@test -x $(BIN)/python || test -n "$(PYTHON)" || { \
		echo "Python 3.11, 3.12 or 3.13 is needed, and none of python3.11, python3.12 and python3.13 was found." >&2; \
		echo "Install one, for example with 'apt-get install python3.11 python3.11-venv', 'dnf install python3.11'," >&2; \
		echo "'brew install python@3.11' or 'uv python install 3.11', or name it: make setup PYTHON=/path/to/python" >&2; \
		exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing $$(grep -c '==' deploy/requirements.lock) pinned packages into .venv. This takes two to five minutes."
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r deploy/requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: setup ## Start the service, import 18 kinds of documents, search, stop (about 30 s)
	$(BIN)/python deploy/demo/demo.py

check: setup docs ## Format, lint, types, import contracts, documentation
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/ruff check $(PATHS)
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: setup ## Tests that start no servers (about 5 minutes)
	$(BIN)/pytest -q -n 2 -m "not services and not story and not long"

test: setup clients ## The tests of CI; they start their own Valkey, Postgres and vectors process (about 30 minutes)
	$(BIN)/pytest -q -n 2 --dist loadgroup -m "not long"

test-long: setup ## The tests that `make test` leaves out: further kills, and 100,000 rows (about 10 minutes)
	$(BIN)/pytest -q -n 2 --dist loadgroup -m long

# CHAOS_SEEDS, CHAOS_FILES, MODEL_EXAMPLES, MODEL_STEPS and MODEL_SEED set the length of the run.
chaos: export CHAOS_SEEDS ?= 1 2 3 4 5 6 7 8 9 10
chaos: export CHAOS_FILES ?= 3000
chaos: export MODEL_EXAMPLES ?= 2000
chaos: setup ## Fault injection with many seeds (hours)
	$(BIN)/pytest -q -n 0 -s --timeout 7200 tests/chaos

attacks: setup ## One client attacks, another one is measured, on SQLite and Postgres (about 20 minutes); results in build/attacks
	$(BIN)/pytest -q -n 0 -s --timeout 600 tests/attacks

# SIZE=full imports 20,000 files. YARDSTICK=FOLDER compares with the scripts of a folder (tests/bench/yardstick.py). Results go to build/bench.
bench: setup ## Throughput and latency against the bare work
	$(BIN)/python tests/bench/latency.py
	$(BIN)/python -m tests.bench

docs: setup ## Build the documentation site into build/docs
	$(BIN)/mkdocs build --strict --config-file deploy/mkdocs.yml

cli-session: setup ## Record the terminal session of the documentation again
	RECORD_CLI_SESSION=1 $(BIN)/pytest -q -n 0 tests/cli/test_session.py

env.example: setup ## Rewrite deploy/env.example from the settings
	{ sed "/^# ------/q" deploy/env.example; echo; $(BIN)/ingest settings; } > deploy/env.example.new
	mv deploy/env.example.new deploy/env.example

# The audit tool runs in an environment of its own and asks an index for known vulnerabilities.
audit: ## Look up known vulnerabilities of the pinned dependencies
	$(PYTHON) deploy/audit.py

pin-images: ## Write the digests of the images of others into compose.yaml and the Dockerfile (needs skopeo or docker)
	$(PYTHON) deploy/pin_images.py

# Other generations of the openai client, each in an environment of its own, for tests/stories/test_clients.py.
clients: $(patsubst tests/clients/%.txt,.venv/clients/%/installed,$(wildcard tests/clients/*.txt))

.venv/clients/python-%/installed: tests/clients/python-%.txt | .venv/installed
	$(BIN)/python -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	touch $@

.venv/clients/node-%/installed: tests/clients/node-%.txt tests/clients/node/install.sh | .venv/installed
	sh tests/clients/node/install.sh $< $(@D)

# Pins every package with its hashes and without an index address; runtime.lock leaves out the packages that only tests need.
LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--override deploy/overrides.txt
lock: ## Pin the dependencies again (needs uv)
	uv pip compile pyproject.toml --extra dev --extra ocr --extra otel --extra s3 --extra unstructured $(LOCK_OPTIONS) \
		-o deploy/requirements.lock
	uv pip compile pyproject.toml --extra otel --extra s3 $(LOCK_OPTIONS) --constraint deploy/requirements.lock \
		-o deploy/runtime.lock

clean: ## Remove .venv and everything that was built
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
