# make run   starts Tocsin with its demo estate on the local workspace    (ARGS="--no-demo", ARGS="--play")
# make test  runs every check
# make test-heavy  runs Airflow, MLflow, dbt, TestGen, Great Expectations and Evidently for real, each in an environment
#                  of its own (TOCSIN_HEAVY_DIR; 4 GB)
# make test-kubernetes  runs a real control plane of Kubernetes, built once from Debian 12's source package
#                  (TOCSIN_KUBERNETES_DIR; 3 GB while it is built, half an hour on two busy cores)
# All set everything up first: a virtual environment in .venv with the locked dependencies.

PYTHON ?= python3
ARGS ?=
# Of the tests; a third of their time is waiting.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test test-heavy test-kubernetes setup lint types imports unit pictures lock clean

run: setup
	@$(BIN)/tocsin run --demo $(ARGS)

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tocsin needs Python 3.11 or newer; say which with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) (once; about a minute) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

test: setup lint types imports unit

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

unit:
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

test-heavy: setup
	$(BIN)/python -m pytest tests/heavy/real_mlflow.py tests/heavy/real_airflow.py tests/heavy/real_pipelines.py \
	  tests/heavy/real_programs.py tests/heavy/real_docker.py tests/heavy/real_reports.py tests/heavy/real_webhooks.py \
	  tests/heavy/real_lineage.py tests/heavy/real_testgen.py $(PYTEST_ARGS)

test-kubernetes: setup
	$(BIN)/python -m tests.heavy.kubernetes_build
	$(BIN)/python -m pytest tests/heavy/real_kubernetes.py tests/heavy/real_pods.py $(PYTEST_ARGS)

# The pictures of the README and docs/, from headless Chromium.
pictures: setup
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/states.py

# After a change of the dependencies in pyproject.toml: needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) .tocsin .mypy_cache .ruff_cache .import_linter_cache dist
