# Few verbs: make demo | run | test | bench | install. Everything happens in .venv; nothing else is touched.
# .env is deliberately not included here: the service reads it itself, without a shell in between.

.DEFAULT_GOAL := help
.PHONY: help demo run test check bench install lock openapi base clean

PYTHON ?= python3
PEOPLE ?= 200
# Never a script of .venv: those carry the path of the folder in which they were installed.
RUN := .venv/bin/python -m

# What needs nothing but Python: PYTHON makes .venv, and once that is there, its own will do.
IS_TOO_OLD := import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d" % sys.version_info[:2])
define run_script
@for python in '$(PYTHON)' .venv/bin/python; do \
	told=$$("$$python" -c '$(IS_TOO_OLD)' 2>&1) && exec "$$python" requirements/$(1); \
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
	@echo "make base     pin the image's base by the digest that your registry tells (DOCKER=podman)"

demo:
	$(call run_script,install.py demo)
	@$(RUN) app demo --people $(PEOPLE)

run:
	$(call run_script,install.py runtime)
	@$(RUN) app serve

install:
	$(call run_script,install.py runtime)

# Two at a time: most of it is waiting for real processes. A file stays in one process, for what its tests share.
test: check
	$(RUN) pytest -n 2 --dist loadfile --cov --cov-report=term:skip-covered

check:
	$(call run_script,install.py dev)
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	.venv/bin/python .venv/bin/lint-imports
	$(RUN) pip check
	.venv/bin/python requirements/audit.py

# nginx and Redis are peers, if the machine has them. CI does not run this: figures need a quiet machine.
bench:
	$(call run_script,install.py bench)
	@$(RUN) bench

lock:
	$(call run_script,install.py dev)
	.venv/bin/python requirements/lock.py

openapi:
	$(call run_script,install.py runtime)
	$(RUN) app openapi > openapi.yaml

base:
	$(call run_script,pin_base.py)

clean:
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
