# Few verbs: make demo | run | test | bench | install. Everything happens in .venv; nothing else is touched.
# .env is deliberately not included here: the service reads it itself, without a shell in between.

.DEFAULT_GOAL := help
.PHONY: help demo run test check bench install lock openapi clean

PYTHON ?= python3
PEOPLE ?= 200
# Never a script of .venv: those carry the path of the folder in which they were installed.
RUN := .venv/bin/python -m

# PYTHON makes .venv; once that is there, its own Python will do to look after it.
IS_TOO_OLD := import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d" % sys.version_info[:2])
define set_up
@for python in '$(PYTHON)' .venv/bin/python; do \
	told=$$("$$python" -c '$(IS_TOO_OLD)' 2>&1) && exec "$$python" requirements/install.py $(1); \
	said=$${said:-$$told}; \
done; \
echo 'Python 3.11 or newer is needed, and PYTHON=$(PYTHON) is none ('"$$said"'): set PYTHON=/path/to/python3' >&2; \
exit 1
endef

help:
	@echo "make demo     the service with a simulated tenant: no Azure account needed"
	@echo "make run      the service, set up by .env (see .env.example)"
	@echo "make test     everything CI runs: format, lint, types, import contracts, all tests"
	@echo "make check    the same without the tests"
	@echo "make bench    measures how fast it is, beside others, in ten minutes: bench/RESULTS.md"
	@echo "make install  only the environment, in .venv"
	@echo "make lock     resolve the locked dependencies anew"
	@echo "make openapi  write openapi.yaml anew"

demo:
	$(call set_up,demo)
	@$(RUN) app demo --people $(PEOPLE)

run:
	$(call set_up,runtime)
	@$(RUN) app serve

install:
	$(call set_up,runtime)

test: check
	$(RUN) pytest --cov --cov-report=term:skip-covered

check:
	$(call set_up,dev)
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	.venv/bin/python .venv/bin/lint-imports
	$(RUN) pip check
	.venv/bin/python requirements/audit.py

# nginx and Redis are peers, if the machine has them. CI does not run this: figures need a quiet machine.
bench:
	$(call set_up,bench)
	@$(RUN) bench

lock:
	$(call set_up,dev)
	.venv/bin/python requirements/lock.py

openapi:
	$(call set_up,runtime)
	$(RUN) app openapi > openapi.yaml

clean:
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
