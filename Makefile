# make run [SOURCES="libya-herald"]   set up, start the local cloud, crawl, list what was archived, stop the cloud
# make test | check | bench           set up, then what the name says
# make docs                           generate the reference, build docs/ into .dateline/docs, check links
# make wheel                          build dist/*.whl, install it into an empty environment, try it and its types
# make invoke FUNCTION=extract        one function with its sample event, under the runtime interface emulator
PYTHON ?= python3
BIN = .venv/bin
FUNCTION ?= extract

# Where the environment forbids bytecode, each process would compile all that it imports: three times the CPU of a start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check docs wheel bench invoke
.DELETE_ON_ERROR:

.venv/ready: pyproject.toml infra/constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint infra/constraints.txt uv
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --constraint infra/constraints.txt --editable '.[crawl,docs,export,import,local,plot,test]'
	touch $@

run: .venv/ready
	@DATELINE_OWNER=$$PPID $(BIN)/dateline up
	@summary=$$($(BIN)/dateline crawl $(SOURCES)); status=$$?; \
	if [ -z "$(SOURCES)" ] && [ $$status = 0 ]; then \
		echo "the sample newsroom corrects some stories and takes others down" >&2; \
		$(BIN)/python -m infra.local.edition 2; \
		summary="$$summary$$(echo; $(BIN)/dateline crawl)"; status=$$?; \
	fi; \
	$(BIN)/dateline query; \
	$(BIN)/dateline down; \
	echo "$$summary"; exit $$status

test: .venv/ready
	$(BIN)/pytest --numprocesses=3 --dist=loadgroup --no-loadscope-reorder

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m infra.english
	$(BIN)/cfn-lint template.yaml infra/render.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(BIN)/sam validate --lint

docs: .venv/ready
	$(BIN)/python -m infra.reference
	$(BIN)/zensical build --strict

wheel: .venv/ready
	rm -rf dist .dateline/wheel
	$(BIN)/uv build --quiet --wheel --out-dir dist
	$(PYTHON) -m venv .dateline/wheel
	VIRTUAL_ENV=$(CURDIR)/.dateline/wheel $(BIN)/uv pip install --quiet --constraint infra/constraints.txt dist/*.whl
	VIRTUAL_ENV=$(CURDIR)/.dateline/wheel $(BIN)/uv pip check --quiet
	cd dist && ../$(BIN)/mypy --strict --config-file= --python-executable ../.dateline/wheel/bin/python ../tests/api/consumer.py
	cd dist && ../.dateline/wheel/bin/dateline sources list > /dev/null
	cd dist && ../.dateline/wheel/bin/dateline extract ../tests/events/extract.html --url https://example.org/a > /dev/null

bench: .venv/ready
	$(BIN)/python -m infra.bench

invoke: .venv/ready
	$(BIN)/python -m infra.emulator $(FUNCTION) tests/events/$(FUNCTION).json
