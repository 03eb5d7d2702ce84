# What a developer and CI call. Needs make and Python 3.11 or newer; `make test` also uses
# Node 20 or newer and npm for the tests against the official JavaScript SDK. Everything else
# is installed here: into .venv and into tests/interop/node_modules.
#
#   make demo     the example conversation, against the local emulator
#   make test     all tests; PYTEST_ARGUMENTS="-k paging" passes something on to pytest
#   make check    formatting, lint, types, layers; changes nothing
#   make format   what `check` can mend by itself
#   make docs     the documentation, into docs/_build; warnings are errors
#   make clean    removes what the other targets have made
#
# PYTHON=python3.13 chooses the interpreter of a new .venv.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# Written when the whole installation has succeeded: an interrupted one starts again.
INSTALLED := $(VENV)/.installed
INTEROP := tests/interop
NODE_MODULES := $(INTEROP)/node_modules/.installed
PYTEST_ARGUMENTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs clean node-modules

help:
	@sed -n 's/^#   //p' Makefile

demo: $(INSTALLED)
	$(BIN)/python examples/demo.py

test: $(INSTALLED) node-modules
	$(BIN)/python -m pytest $(PYTEST_ARGUMENTS)

check: $(INSTALLED)
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest --quiet tests/test_layers.py

format: $(INSTALLED)
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

docs: $(INSTALLED)
	$(BIN)/python docs/reference/generate.py
	$(BIN)/python -m sphinx -q -b html -W -n --keep-going docs docs/_build
	@echo "open docs/_build/index.html"

clean:
	rm -rf $(VENV) $(INTEROP)/node_modules build dist docs/_build docs/reference/*.md *.egg-info
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

# A stamp newer than both files means that there is nothing to do. An existing .venv is kept
# as long as its interpreter still runs and is new enough.
$(INSTALLED): setup.cfg pyproject.toml
	@if ! $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null; then \
	  found=; \
	  for python in $(PYTHON) python3.11 python3; do \
	    if "$$python" -c '$(NEW_ENOUGH)' 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Python 3.11 or newer is needed: neither python3.11 nor python3 is one." \
	      "Name it: make PYTHON=/where/it/is" >&2; \
	    exit 1; \
	  fi; \
	  echo "making $(VENV) with $$found"; \
	  "$$found" -m venv --clear $(VENV); \
	fi
	@echo "installing the package and its tools into $(VENV)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
NODE_NEW_ENOUGH := process.exit(Number(process.versions.node.split(".")[0] < 20))

# The package lock makes this the same for everybody. Without Node the tests that need it
# are skipped and say so; under CI=true that is a failure.
node-modules:
	@if node -e '$(NODE_NEW_ENOUGH)' 2>/dev/null && command -v npm >/dev/null; then \
	  $(MAKE) --no-print-directory $(NODE_MODULES); \
	elif [ "$$CI" = true ]; then \
	  echo "Node 20 or newer and npm are needed to test against the official SDK" >&2; exit 1; \
	else \
	  echo "no Node 20 here: the tests against the official JavaScript SDK will be skipped"; \
	fi

$(NODE_MODULES): $(INTEROP)/package.json $(INTEROP)/package-lock.json
	@echo "installing the official JavaScript SDK into $(INTEROP)/node_modules"
	@cd $(INTEROP) && npm ci --silent
	@touch $@
