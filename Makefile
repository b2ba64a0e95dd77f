# make run [SOURCES="libya-herald"]   set up, start the local cloud, crawl, list what it archived, stop
# make test | check | bench           set up, then what the name says
PYTHON ?= python3
BIN = .venv/bin

.PHONY: run test check bench invoke
.DELETE_ON_ERROR:

.venv/ready: pyproject.toml infra/constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint infra/constraints.txt uv
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --constraint infra/constraints.txt --editable '.[crawl,local,test]'
	touch $@

test: .venv/ready
	$(BIN)/pytest

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
