# Mythgate. `make serve` and `make test` are all a fresh machine needs (Python 3.11 or newer, Node 20, make).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
# What the tests must run of each package, lines and branches together, in percent.
COVERED := domain=100 wire=100 services=100 realtime=90 doors=90
COMPILE := uv pip compile pyproject.toml --universal --generate-hashes --no-annotate --no-header -q --python-version 3.11

# Python is to keep what it has compiled: hundreds of processes start while the tests run.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help serve play extras test coverage check format bench generate dist docs pictures faults fuzz web lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

serve: $(VENV)/.core web/dist/index.html ## set up if needed, then run the server (ARGS="--port 8000")
	@MAKE_TARGET=serve $(BIN)/mythgate serve $(ARGS)

extras: $(VENV)/.extras ## add what PostgreSQL, Redis and the terminal client need

# What ends it (1) has been told, and Ctrl-C (130) is a way to leave: neither is a failure of make.
play: $(VENV)/.extras ## a client in the terminal (ARGS="--guest", ARGS="http://127.0.0.1:8000")
	@trap : INT; MAKE_TARGET=play $(BIN)/mythgate play $(ARGS) || case $$? in 1|130) ;; *) exit 2 ;; esac

test: $(VENV)/.dev web/dist/index.html check ## lint, types, import contracts and every test (under 15 minutes)
	cd web && npm test --silent
	$(BIN)/pytest -n 4 --dist loadgroup --cov --cov-report=term --cov-report=xml $(ARGS)
	@$(MAKE) --no-print-directory coverage

coverage: $(VENV)/.dev ## demand what the last run of all tests must have run of each package
	@short=; for package in $(COVERED); do \
		echo "src/mythgate/$${package%=*}: at least $${package#*=} %"; \
		$(BIN)/coverage report --include="src/mythgate/$${package%=*}/*" --fail-under=$${package#*=} --show-missing \
			|| short="$$short $${package%=*}"; \
	done; if [ -n "$$short" ]; then echo "The tests do not run enough of:$$short"; exit 1; fi

check: $(VENV)/.dev web/node_modules/.installed ## lint, types and import contracts only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	cd web && npm run --silent check
	$(BIN)/mythgate gen all --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(VENV)/.dev ## format the Python code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.dev ## measure against a bare floor in the same run
	$(BIN)/python -m benchmarks $(ARGS)

generate: $(VENV)/.dev web/node_modules/.installed ## schemas, browser types, OpenAPI, AsyncAPI, settings reference
	$(BIN)/mythgate gen all

dist: $(VENV)/bin/python web/dist/index.html ## build the server (wheel with the browser client, sdist) and the Python client, into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist ./packages/client
	$(PYTHON) -m venv --clear $(VENV)/build
	$(VENV)/build/bin/python -m pip install --quiet --disable-pip-version-check 'hatchling>=1.27'
	$(VENV)/build/bin/python -m hatchling build --target sdist --directory dist

docs: $(VENV)/.dev ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: $(VENV)/.dev web/dist/index.html ## the pictures of README and documents, from a real server and browser
	$(BIN)/python -m tests.browser.pictures

faults: $(VENV)/.dev ## kill, cut and starve real servers for long (SHORT=1 for a few minutes)
	MYTHGATE_FAULTS=$(if $(SHORT),short,long) $(BIN)/pytest tests/faults -m "fault" -p no:xdist $(ARGS)

fuzz: $(VENV)/.dev ## feed random bytes to every decoder for long
	MYTHGATE_FUZZ=long $(BIN)/pytest tests/fuzz tests/doors/http/test_openapi.py --timeout 0 $(ARGS)

web: web/dist/index.html ## build the browser client

lock: ## write the lock files anew from pyproject.toml (needs uv)
	$(COMPILE) -o requirements/core.lock
	$(COMPILE) --all-extras -o requirements/extras.lock
	$(COMPILE) --all-extras --group dev --group docs -o requirements/dev.lock

clean: ## remove what was built or installed here
	rm -rf $(VENV) dist web/dist web/node_modules site .coverage coverage.xml .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Mythgate needs Python 3.11 or newer; PYTHON=python3.12 make … chooses another")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: requirements/core.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/core.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.extras: requirements/extras.lock pyproject.toml | $(VENV)/bin/python
	@echo "Adding the drivers and the terminal client …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/extras.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.core

$(VENV)/.dev: requirements/dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.core $(VENV)/.extras

web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --silent --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.installed $(shell find web/src web/sdk web/public web/index.html web/vite.config.ts web/tsconfig.json web/package.json -type f 2>/dev/null)
	cd web && npm run --silent build
