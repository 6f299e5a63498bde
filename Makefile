# Two commands do everything on a fresh machine: `make demo` and `make test`. A third trains:
# `make demo-train`.
PYTHON ?= python3
USE_CASE ?= code-gen
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python
BAKER := $(VENV)/.baker
STAMP := $(VENV)/.installed
DEMO := demo/$(USE_CASE)
USE_CASES := $(notdir $(patsubst %/task,%,$(wildcard templates/*/task)))

# pytest would rewrite every module of every package that has a plugin, at each start.
export PYTEST_DISABLE_PLUGIN_AUTOLOAD := 1

.DEFAULT_GOAL := help
.PHONY: help setup known baked demo demo-train test test-all lint types-engine types-generator \
	engine-version release clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## create .venv with what the tests need (make demo needs less, and does it itself)

# Baking needs cookiecutter alone; the engine's libraries are for the tests.
$(BAKER): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11; name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@echo "Installing cookiecutter into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check .
	@touch $@

$(STAMP): $(BAKER) {{cookiecutter.project_slug}}/constraints.txt engine/pyproject.toml
	@echo "Installing the engine and the tools of the tests into $(VENV): one to three minutes the first time ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-compile -c '{{cookiecutter.project_slug}}/constraints.txt' '.[dev]' -e 'engine[local,sandbox,tables,text]'
	@$(PY) -m compileall -q -q -j 0 -x '[/\\]tests[/\\]' $(VENV) || true
	@touch $@

# Asked first: a wrong name is refused before anything is installed.
known:
	@$(if $(filter $(USE_CASE),$(USE_CASES)),true,false) || { echo "USE_CASE=$(USE_CASE) is not a use case; choose one of: $(USE_CASES)." >&2; exit 2; }

baked: known $(BAKER)
	@test -d $(DEMO) || $(BIN)/cookiecutter --no-input --output-dir demo . use_case=$(USE_CASE) project_name="$(USE_CASE)" project_slug=$(USE_CASE)

demo: baked  ## bake a project and run its main job with the embedded model (USE_CASE=policy ...)
	@$(MAKE) --no-print-directory -C $(DEMO) demo PYTHON=$(PYTHON)
	@echo; echo "The project is in $(DEMO); from here, the report is $$(ls -t $(DEMO)/runs/*/report.html | head -n 1)"

demo-train: baked  ## bake a project and train the embedded model in it: base, warm start, RFT
	@$(MAKE) --no-print-directory -C $(DEMO) train-local PYTHON=$(PYTHON)

# Real Verilog to try `rft import` on; only the tests need it.
RTL := $(CURDIR)/$(VENV)/rtl
$(RTL)/.installed: tests/rtl_packages.txt $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(RTL) -r $<
	@touch $@

test: setup lint  ## everything a change can break, in under ten minutes on two cores
	cd engine && ../$(PY) -m pytest -p xdist -m "not slow" --numprocesses auto --dist worksteal
	$(PY) -m pytest -p xdist -m "not slow"

test-all: setup $(RTL)/.installed  ## the slow tests: installs of every use case, training, attacks
	cd engine && ../$(PY) -m pytest -p xdist -m slow --numprocesses auto --dist worksteal
	RFT_RTL_PACKAGES=$(RTL) $(PY) -m pytest -p xdist -m slow

lint: setup
	$(PY) -m ruff check --no-cache --config ruff.toml .
	$(PY) -m ruff format --no-cache --config ruff.toml --check .
	@$(MAKE) --no-print-directory --jobs 2 types-engine types-generator

types-engine:
	cd engine && ../$(PY) -m mypy

# One after another: the first leaves what it knows of the packages in a cache for the others.
types-generator:
	$(PY) -m mypy rft_template.py engine/make_wheel.py hooks tests benchmarks
	@set -e; for case in $(USE_CASES); do echo "mypy builders/$$case"; MYPYPATH=builders/$$case:builders:templates/$$case $(PY) -m mypy --config-file builders/mypy.ini --exclude "^builders/$$case/tests/" builders/$$case; done

engine-version: setup  ## record the engine's content under the version in engine/pyproject.toml
	$(PY) engine/make_wheel.py record

release: setup  ## build the engine's wheel and source archive into dist/, checked
	$(PY) engine/make_wheel.py check
	cd engine && ../$(PY) -m build --no-isolation --outdir ../dist
	$(PY) -m twine check --strict dist/*

clean:  ## remove the environment, the demo and all caches
	rm -rf $(VENV) demo dist .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
