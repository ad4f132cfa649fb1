# Two commands are all a new machine needs:  make demo   (run the shipped example)   make test   (prove it)
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
TVENV := .venv-test
BIN := $(VENV)/bin
TBIN := $(TVENV)/bin
OUT ?= runs/demo

.PHONY: demo test lint types unit bench validate lock clean python-ready

# One line that mends it, before anything is built.
python-ready:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "hepaxis needs Python 3.11 or newer, and '$(PYTHON)' was not found. On Debian: apt-get install -y python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { echo "hepaxis needs Python 3.11 to 3.13; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Run: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install -y python3-venv"; exit 1; }

$(VENV)/.ready: requirements/run.lock pyproject.toml | python-ready
	@echo "installing hepaxis into $(VENV) (once)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(TVENV)/.ready: requirements/test.lock pyproject.toml | python-ready
	@echo "installing hepaxis and its test tools into $(TVENV) (once)" >&2
	@$(PYTHON) -m venv $(TVENV)
	@$(TBIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/test.lock
	@$(TBIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.lock
	@$(TBIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.ready
	@$(BIN)/hepaxis plan examples/viral_antibiotic --out $(OUT) --overwrite
	@echo "The report is $(abspath $(OUT))/report.html"

test: lint types unit

lint: $(TVENV)/.ready
	$(TBIN)/ruff check src tests benchmarks tools

types: $(TVENV)/.ready
	$(TBIN)/mypy

# One BLAS thread a worker: two workers with two threads each spin on each other, and small systems run 13 times slower.
unit: $(TVENV)/.ready
	OPENBLAS_NUM_THREADS=1 $(TBIN)/python -m pytest -n 2 --dist loadgroup

bench: $(TVENV)/.ready
	$(TBIN)/python -m benchmarks

validate: $(TVENV)/.ready
	$(TBIN)/python tools/validate.py
	$(TBIN)/python tools/sensitivity.py

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o requirements/run.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra test -c requirements/run.lock pyproject.toml -o requirements/test.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements/build.in -o requirements/build.lock

clean:
	rm -rf $(VENV) $(TVENV) runs .pytest_cache .mypy_cache .ruff_cache
