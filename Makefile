# Everything a person or CI does with this project. Needs Python 3.11+ and a package index, nothing else.
PYTHON ?= python3.11
BIN := .venv/bin
PATHS := ingest workers api tests deploy

.PHONY: setup clients check audit test unit chaos demo bench lock clean env.example

setup: .venv/installed

.venv/installed: deploy/requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r deploy/requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The openai client of other generations, each in a folder of its own, for tests/stories/test_clients.py.
clients: $(patsubst tests/clients/%.txt,.venv/clients/%/installed,$(wildcard tests/clients/*.txt))

.venv/clients/python-%/installed: tests/clients/python-%.txt | .venv/installed
	$(BIN)/python -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	touch $@

.venv/clients/node-%/installed: tests/clients/node-%.txt tests/clients/node/install.sh | .venv/installed
	sh tests/clients/node/install.sh $< $(@D)

env.example: setup
	{ sed "/^# ------/q" deploy/env.example; echo; $(BIN)/ingest settings; } > deploy/env.example.new
	mv deploy/env.example.new deploy/env.example

check: setup
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/ruff check $(PATHS)
	$(BIN)/mypy
	$(BIN)/lint-imports

# Known vulnerabilities of what the image installs; asks an index for them, with a tool in an environment of its own.
audit:
	$(PYTHON) deploy/audit.py

unit: setup
	$(BIN)/pytest -q -n 2 -m "not services and not story"

test: setup clients
	$(BIN)/pytest -q -n 2 --dist loadgroup

# Longer: CHAOS_SEEDS, CHAOS_FILES, MODEL_EXAMPLES, MODEL_STEPS and MODEL_SEED say how long.
chaos: export CHAOS_SEEDS ?= 1 2 3 4 5 6 7 8 9 10
chaos: export MODEL_EXAMPLES ?= 2000
chaos: setup
	$(BIN)/pytest -q -n 0 -s --timeout 7200 tests/chaos

demo: setup
	$(BIN)/python deploy/demo/demo.py

# Ratios that a large import must reach; SIZE=full for the long one, YARDSTICK=FOLDER (tests/bench/yardstick.py). Results in build/bench.
bench: setup
	$(BIN)/python tests/bench/latency.py
	$(BIN)/python -m tests.bench

# Pins every package with its hashes, and without any address; runtime.lock leaves out what only tests need.
LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--override deploy/overrides.txt
lock:
	uv pip compile pyproject.toml --extra dev --extra otel --extra s3 $(LOCK_OPTIONS) -o deploy/requirements.lock
	uv pip compile pyproject.toml --extra otel --extra s3 $(LOCK_OPTIONS) --constraint deploy/requirements.lock \
		-o deploy/runtime.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
