# Few verbs: make demo | run | test | bench | install. Everything happens in .venv; nothing else is touched.
# .env is deliberately not included here: the service reads it itself, without a shell in between.

.DEFAULT_GOAL := help
.PHONY: help demo run test check bench install lock openapi clean

PYTHON ?= python3
PEOPLE ?= 200
PIP := .venv/bin/python -m pip --disable-pip-version-check
STAMP = .venv/.installed-$(1)

help:
	@echo "make demo     the service with a simulated tenant: no Azure account needed"
	@echo "make run      the service, set up by .env (see .env.example)"
	@echo "make test     everything CI runs: format, lint, types, import contracts, all tests"
	@echo "make check    the same without the tests"
	@echo "make bench    measures how fast it is, beside others, in ten minutes: bench/RESULTS.md"
	@echo "make install  only the environment, in .venv"
	@echo "make lock     resolve the locked dependencies anew"
	@echo "make openapi  write openapi.yaml anew"

demo: $(call STAMP,demo)
	@.venv/bin/teams-presence demo --people $(PEOPLE)

run: $(call STAMP,runtime)
	@.venv/bin/teams-presence serve

install: $(call STAMP,runtime)

test: check
	.venv/bin/pytest --cov --cov-report=term:skip-covered

check: $(call STAMP,dev)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pip check
	.venv/bin/python requirements/audit.py

# nginx and Redis are peers, if the machine has them. CI does not run this: figures need a quiet machine.
bench: $(call STAMP,bench)
	@.venv/bin/python -m bench

lock: $(call STAMP,dev)
	.venv/bin/python requirements/lock.py

openapi: $(call STAMP,runtime)
	.venv/bin/teams-presence openapi > openapi.yaml

clean:
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# A stamp per lock file: installed again only when the lock has changed. The service itself is installed
# without a build environment of its own, so that nothing arrives that is not in the lock.
.venv/.installed-%: requirements/%.txt requirements/build.txt pyproject.toml | .venv/bin/python
	@echo "Installing the $* dependencies into .venv ..."
	@$(PIP) install --require-hashes -r requirements/$*.txt -r requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "python3 cannot make a virtual environment: install the package python3-venv"; exit 1; }
