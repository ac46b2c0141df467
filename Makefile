# Each target makes the virtual environment .venv if it must, installs what it needs, and runs.
# Asks for GNU make, a POSIX shell and Python 3.11 or newer; nothing else by hand.
# What is installed is remembered by stamp files in .venv, so a second run starts at once.

PYTHON ?= python3
ARGS   ?=
# Tests run side by side, one process a core. More than four gain little and take memory: torch.
# Each gets a run of tests, which shares modules and fixtures, and takes from others when it is done.
PYTEST := -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal
VENV   := .venv

# Some tests are of Ax or compare with BoTorch. On Linux and Windows "+cpu" keeps pip from fetching CUDA.
TORCH_INDEX := https://download.pytorch.org/whl/cpu
ifeq ($(shell uname -s),Darwin)
TORCH := torch==2.13.0
else
TORCH := torch==2.13.0+cpu
endif

PY  := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --no-input --disable-pip-version-check
LOG := $(VENV)/pip.log

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help demo test test-oldest lint bench structure docs release-check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo "Another interpreter: make demo PYTHON=python3.12. Options for the program: ARGS=..."

demo: $(VENV)/.demo ## search NAS-Bench-201 with LaMOO and with Optuna's default, side by side
	@$(PY) examples/nasbench201.py $(ARGS)

test: $(VENV)/.dev $(VENV)/.oracle ## run the tests and the examples in the docstrings
	@$(PY) $(PYTEST) $(ARGS)

lint: $(VENV)/.dev ## check style, formatting and types
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy shared/lamoo shared/lamoo_compare optuna_lamoo ax_lamoo

bench: $(VENV)/.dev $(VENV)/.oracle ## compare with other samplers on the benchmark problems
	@$(PY) examples/benchmarks/run.py $(ARGS)

structure: $(VENV)/pyvenv.cfg ## draw who imports whom into CONTRIBUTING.md
	@$(PY) docs/structure.py

docs: $(VENV)/.docs ## build the documentation site, and check it: docs/_build/html/index.html
	@rm -rf docs/_build
	@$(PY) -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html
	@$(PY) docs/check.py docs/_build/html

release-check: $(VENV)/.release ## build what a release publishes, and prove that it is whole: dist/
	@$(PY) -m pytest tests/test_release.py -m 'release or not release' $(ARGS)

test-oldest: ## run the tests with the oldest supported dependencies, in .venv-oldest
	@$(MAKE) --no-print-directory VENV=.venv-oldest .venv-oldest/.oldest
	@.venv-oldest/bin/python $(PYTEST) $(ARGS)

clean: ## remove the virtual environments, the caches and what was built
	@rm -rf .venv .venv-oldest build dist docs/_build shared/*.egg-info *.egg-info
	@rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find ax_lamoo examples optuna_lamoo shared tests -name __pycache__ -prune -exec rm -rf {} +

# ---- The environment -----------------------------------------------------------------------

# A .venv is usable if its Python runs, is recent, and any lamoo in it comes from this folder.
USABLE := $(shell $(PY) -I -c 'import importlib.util, os, sys; \
	spec = importlib.util.find_spec("lamoo"); here = os.getcwd() + os.sep; \
	moved = spec is not None and not os.path.realpath(spec.origin or "").startswith(here); \
	sys.exit(moved or sys.version_info < (3, 11))' >/dev/null 2>&1 && echo yes)
ifneq ($(USABLE),yes)
.PHONY: $(VENV)/pyvenv.cfg
endif

$(VENV)/pyvenv.cfg:
	$(check_python)
	@if [ -e $(VENV) ]; then \
		echo "$(VENV) is broken, older than Python 3.11 or from another folder: making it anew."; \
	else \
		echo "Making a virtual environment in $(VENV) (a few seconds) ..."; \
	fi
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.demo: pyproject.toml setup.cfg $(VENV)/pyvenv.cfg
	$(call install,demo,what the demo needs (NumPy, SciPy, Optuna, the tables: about a minute))

$(VENV)/.dev: pyproject.toml setup.cfg $(VENV)/pyvenv.cfg
	$(call install,test$(comma)lint,lamoo and what tests and checks need (about a minute))

# Ax's torch first: `.oracle` knows which.
$(VENV)/.docs: pyproject.toml setup.cfg $(VENV)/.dev $(VENV)/.oracle
	$(call install,docs,what the documentation is built with (about a minute))

$(VENV)/.release: pyproject.toml setup.cfg $(VENV)/.dev
	$(call install,release,what a release is built and checked with)

$(VENV)/.oldest: pyproject.toml setup.cfg $(VENV)/pyvenv.cfg
	@$(PY) -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	bounds = project["dependencies"] + project["optional-dependencies"]["optuna"]; \
	print(*[bound.replace(">=", "==") for bound in bounds], sep="\n")' >$(VENV)/oldest.txt
	$(call install,test,the oldest supported versions (about a minute),-c $(VENV)/oldest.txt)

# torch comes first and by name, so that Ax does not pull the CUDA build of several GB.
# Not fatal: there may be no torch for this Python, and the other tests run without it.
$(VENV)/.oracle: pyproject.toml $(VENV)/pyvenv.cfg | $(VENV)/.dev
	@echo "Installing torch (CPU) and Ax, for the tests of the Ax plugin (a minute or two) ..."
	@if { $(PY) -c 'import torch' 2>/dev/null \
			|| $(PIP) install '$(TORCH)' --extra-index-url $(TORCH_INDEX) --retries 1 --timeout 10; } \
			>$(LOG) 2>&1 && $(PIP) install 'lamoo[oracle]' >>$(LOG) 2>&1; then \
		touch $@; \
	else \
		echo "No $(TORCH) for this Python or no network (see $(LOG)): tests that need it skip."; \
	fi

comma := ,

# $(call install,extras,what to say,options): install this folder with the extras named. Where pip
# fails but all that is asked for is there already, go on, and try again at the next run.
define install
@echo "Installing $(2) ..."
@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null 2>&1 || true
@if $(PIP) install --retries 2 $(3) --editable '.[$(1)]' >$(LOG) 2>&1; then \
	touch $@; \
elif $(PIP) install --no-index $(3) 'lamoo[$(1)]' >/dev/null 2>&1; then \
	echo "pip could not look for updates (see $(LOG)); going on with what is installed."; \
else \
	echo "pip could not install it: $$(grep -o 'ERROR: .*' $(LOG) | tail -n 1)"; \
	echo "Is the network up? Behind a proxy: export HTTPS_PROXY=http://host:port. With a mirror of"; \
	echo "PyPI: export PIP_INDEX_URL=https://... Then run make again. All of pip's words: $(LOG)"; \
	exit 1; \
fi
endef

# Stop, with a sentence that helps, unless $(PYTHON) can make the virtual environment.
define check_python
@version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); \
case "$$version" in \
3.1[1-9] | 3.[2-9][0-9]) ;; \
*) \
	echo "lamoo needs Python 3.11 or newer, but '$(PYTHON)' is $${version:-not a Python that runs}."; \
	for newer in python3.14 python3.13 python3.12 python3.11; do \
		$$newer -c '' 2>/dev/null && break || newer=; \
	done; \
	if [ -n "$$newer" ]; then \
		echo "There is a newer one: make $(MAKECMDGOALS) PYTHON=$$newer"; \
	else \
		echo "Install one (Debian, Ubuntu: apt install python3.12-venv; macOS: brew install"; \
		echo "python@3.12; all: https://www.python.org), then: make $(MAKECMDGOALS) PYTHON=python3.12"; \
	fi; \
	exit 1 ;; \
esac; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "'$(PYTHON)' cannot make virtual environments: its modules venv and ensurepip are missing."; \
	echo "On Debian or Ubuntu: apt install python$$version-venv. Then run make again."; \
	exit 1; \
}
endef
