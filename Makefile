# Everything a developer or a machine does with ragkeep. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
STAMP := .venv/.installed

# A folder of wheels that pip was told of holds the CPU build of torch; elsewhere uv is told to take that build.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
else
TORCH_BACKEND := --torch-backend cpu
endif
TORCH := $(shell sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)

.PHONY: help install system servers demo test check lint types floors docs bench peers soak lock clean
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

install: $(STAMP) ## make .venv with the locked dependencies

$(STAMP): requirements.lock pyproject.toml | system
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), "ragkeep needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12"'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q uv==$(UV_VERSION)
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps $(TORCH_BACKEND) $(TORCH)
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

system: ## install libmagic and tesseract, where apt is there
	@sh scripts/install_system_packages.sh

servers: ## install postgresql, which tests start, where apt is there
	@sh scripts/install_system_packages.sh tests

demo: $(STAMP) ## run the main job on samples/, search it, erase a person, run again
	$(BIN)/python scripts/demo.py

test: $(STAMP) | servers ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: lint types floors docs test ## what CI does

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

floors: $(STAMP)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_floor_plan.py

docs: $(STAMP) ## check that the generated parts of the docs are current (COG=-r rewrites them)
	$(BIN)/python -m cogapp $(or $(COG),--check --check-fail-msg="run: make docs COG=-r") -P README.md CONTRIBUTING.md docs/*.md

bench: $(STAMP) ## run every benchmark; hours
	set -e; for each in incremental erasure audit parsing containers chunking dedup embeddings retrieval; do $(BIN)/python -m benchmarks.$$each; done

peers: $(STAMP) .venv-peers/.installed ## ragkeep and four other tools on the same script of deletions; a quarter of an hour
	$(BIN)/python -m benchmarks.peers

.venv-peers/.installed: benchmarks/peers/requirements.lock | $(STAMP)
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	$(BIN)/uv pip install -q --python .venv-peers/bin/python --no-deps --require-hashes -r benchmarks/peers/requirements.lock
	touch $@

soak: $(STAMP) ## many kills and lives at random; takes an hour
	RAGKEEP_SOAK_KILLS=$(or $(KILLS),50) $(BIN)/python -m pytest -m soak

lock: $(STAMP) ## resolve the dependencies again
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-emit-package torch --python-version 3.11 -o requirements.lock
	$(BIN)/uv pip compile benchmarks/peers/requirements.in --universal --generate-hashes --no-emit-package torch --python-version 3.11 -o benchmarks/peers/requirements.lock

clean:
	rm -rf .venv .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
