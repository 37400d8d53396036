# Needs Python 3.11+, Node 20+, make and a C compiler. Everything else is installed below .venv and node_modules, but
# for the browser of the tests.
PYTHON ?= python3
BIN := .venv/bin
CHAT := examples/chat/node_modules/.package-lock.json
READY := .venv/ready tests/interop/node_modules/.package-lock.json $(CHAT) .venv/chromium

.PHONY: setup dev test coverage soak unit check fuzz fuzz-sanitized bench release-check lock clean

setup: $(READY)

.venv/ready: requirements/dev.txt pyproject.toml hatch_build.py src/tsock/gateway/compiled.pyx
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

tests/interop/node_modules/.package-lock.json: tests/interop/package-lock.json
	cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

$(CHAT): examples/chat/package-lock.json
	cd examples/chat && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# The browser that pages are tested in: the system's own. Installed where that is allowed, asked for where it is not.
.venv/chromium: | .venv/ready
	command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq chromium; } \
		|| { echo "Tests of pages need Chromium: install your system's package chromium, then try again." >&2; exit 1; }
	ln -sf "$$(command -v chromium)" $@

# A server with ready-made credentials; its data stay in ./data, its credentials are written to .dev.env.
dev: .venv/ready
	$(BIN)/tsock dev --data data --env-file .dev.env

# Tests wait a good part of their time, for a server or a disk: two workers keep a core busy.
PYTEST = $(BIN)/python -m pytest --dist worksteal \
	--numprocesses $$(( 2 * $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) ))

# Every test but the longest.
test: setup
	$(PYTEST) -m "not soak"
	TEST_STORE=postgres $(PYTEST) -m "not sqlite" $(RULES)
	TEST_STORE=postgres TEST_NODES=2 $(PYTEST) -m "not sqlite" $(NODES)
	TSOCK_PURE_PYTHON=1 $(PYTEST) $(PURE)

# How much of src/ the tests' own processes run, and the modules that they run least: traced, tests take much longer.
coverage: setup
	$(PYTEST) --cov --cov-report= tests/unit tests/integration tests/contract
	@$(BIN)/coverage report --sort=cover --skip-covered | sed -n '1,12p;/^TOTAL/p'

# Where rules are tested without a server: once more on PostgreSQL, which has to understand the same statements.
RULES := $(addprefix tests/unit/,accounts cluster conversations debugger gateway storage sync webhooks)

# What the SDKs do most, at two nodes on PostgreSQL behind a balancer.
NODES := $(patsubst %,tests/interop/test_%.py,documents subscriptions revocation chat_messages)

# What reaches the sockets, without their compiled part.
PURE := tests/unit/gateway tests/unit/wire tests/contract/test_frames.py tests/integration/gateway \
	$(patsubst %,tests/interop/test_%.py,documents subscriptions)

# Everything that the SDKs do, on PostgreSQL and at two nodes; then what happens to servers, nodes, databases and the bus,
# for SOAK_S seconds, with one seed after the other from SEED on.
SOAK_S ?= 1800
SEED ?= $(shell date +%s)
soak: setup
	TEST_STORE=postgres $(PYTEST) -m "not sqlite" tests/interop
	TEST_STORE=postgres TEST_NODES=2 $(PYTEST) -m "not (sqlite or one_node)" tests/interop
	seed=$(SEED); until_s=$$(( $$(date +%s) + $(SOAK_S) )); while [ $$(date +%s) -lt $$until_s ]; do \
		echo "make soak SEED=$$seed"; \
		SIMULATION_S=60 $(PYTEST) --randomly-seed=$$seed tests/simulation || exit 1; \
		seed=$$(( seed + 1 )); done

# Those that need neither Node nor a server.
unit: .venv/ready
	$(PYTEST) tests/unit

check: .venv/ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright --warnings
	$(BIN)/lint-imports
	$(BIN)/codespell

# Each target for FUZZ_S seconds.
FUZZ_S ?= 300
fuzz: .venv/ready
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/fuzz.txt
	for target in tests/fuzz/fuzz_*.py; do \
		$(BIN)/python -m tests.fuzz.$$(basename $$target .py) -max_total_time=$(FUZZ_S) || exit 1; done

# Whether the compiled twin misuses memory: built with sanitizers, aside, it gets random input for FUZZ_S seconds.
fuzz-sanitized: .venv/ready
	$(BIN)/python -m tests.fuzz.sanitized $(FUZZ_S)

bench: .venv/ready
	$(BIN)/python -m bench

# What is in dist/ afterwards can be published.
release-check: .venv/ready
	$(BIN)/python release/check.py

# Writes the pinned lists again, after a dependency of pyproject.toml changed. Needs uv.
LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links pyproject.toml
lock:
	$(LOCK) --output-file requirements/run.txt
	$(LOCK) --group dev --output-file requirements/dev.txt
	$(LOCK) --group fuzz --output-file requirements/fuzz.txt
	cd tests/interop && npm install --package-lock-only --omit-lockfile-registry-resolved
	cd examples/chat && npm install --package-lock-only --omit-lockfile-registry-resolved

clean:
	rm -rf .venv tests/interop/node_modules examples/chat/node_modules .hypothesis .pytest_cache .ruff_cache .import_linter_cache dist
