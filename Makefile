# The commands that people and CI use. `make` alone lists them.

PY := .venv/bin/python
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# The first Python that fits; the environment's own while it works.
PYTHON ?= $(shell for python in $(PY) python3.11 python3.12 python3.13 python3 python; do \
	$$python -c '$(SUPPORTED)' >/dev/null 2>&1 && echo $$python && break; done)

# dbt and dlt report usage to their makers unless told not to.
export DO_NOT_TRACK := 1
export RUNTIME__DLTHUB_TELEMETRY := false
# The installation compiles nothing ahead: what Python imports it has to keep.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run backfill check health check-sheets preview test test-all check-bigquery test-bigquery plan-bigquery smoke-bigquery smoke-metabase test-focus mutate diff try lint format docs focus statement compare bench image push-image plan-infrastructure apply-infrastructure deploy-dashboards check-infrastructure lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

setup: ## install everything into .venv; the other targets do it when needed
	@if ! $(PYTHON) -c '$(SUPPORTED)' >/dev/null 2>&1; then \
		echo "Python 3.11, 3.12 or 3.13 is needed. Install one, or say where: make PYTHON=/path/to/python3.11"; \
		exit 1; \
	fi
	@$(PYTHON) -m tools.install

run: setup ## fetch what is new, build the marts, report; without settings on sample data
	@$(PY) -m pipeline run

backfill: setup ## run for given days: make backfill SINCE=2026-01-01 UNTIL=2026-02-01 (UNTIL is exclusive)
	@if [ -z "$(SINCE)" ] || [ -z "$(UNTIL)" ]; then \
		echo "Say which days: make backfill SINCE=2026-01-01 UNTIL=2026-02-01 (UNTIL is exclusive)"; \
		exit 2; \
	fi
	@$(PY) -m pipeline run --since "$(SINCE)" --until "$(UNTIL)"

check: setup ## try each source's credentials without moving data
	@$(PY) -m extract check

health: setup ## whether runs happen and the numbers are fresh; fails if not
	@$(PY) -m pipeline health

check-sheets: setup ## list everything that is wrong in the sheets, with its cell, without moving data
	@$(PY) -m extract sheets check

preview: setup ## draw the dashboards from the DuckDB warehouse to target/dashboards/index.html; `make run` does it too
	@$(PY) -m dashboards preview

PYTEST := $(PY) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --junitxml target/tests.xml

test: setup ## the tests that a change has to pass; they need neither Google nor an emulator
	@$(PYTEST) -m "not nightly"

test-all: setup ## all tests, including random and slow ones, with empty caches; an hour or more
	rm -rf target/cache target/bigquery
	@PROPERTY_EXAMPLES=$${PROPERTY_EXAMPLES:-150} $(PYTEST)

check-bigquery: setup ## check every statement for BigQuery with Google's own analyzer, offline
	@$(PY) -m bigquery_dev check

test-bigquery: setup ## run the sample company end to end on an emulator of BigQuery
	@$(PY) -m bigquery_dev.emulator install
	@$(PY) -m pytest tests/emulator

test-focus: setup ## check the FOCUS export with both validators; the one for 1.2 needs Python 3.12 or 3.13
	@$(PY) tools/focus_validator.py install
	@$(PY) -m pytest tests/marts/test_focus.py

mutate: setup ## break models on purpose and list what no test notices: make mutate MODELS="dim_users fct_cost_daily"
	@$(PY) -m tools.mutate $(MODELS)

diff: setup ## show what a change does to the marts, in target/diff.md: make diff BASE=main WAREHOUSE=data/warehouse.duckdb (optional)
	@$(PY) -m changes diff $(if $(BASE),--base "$(BASE)") $(if $(WAREHOUSE),--warehouse "$(WAREHOUSE)")

try: setup ## build, test and compare in a copy of the local warehouse: make try MODELS=fct_cost_daily (default: the models that changed in git)
	@$(PY) -m changes try --models "$(MODELS)" $(if $(BASE),--base "$(BASE)") $(if $(WAREHOUSE),--warehouse "$(WAREHOUSE)")

plan-bigquery: setup ## list what the daily run reads and writes on BigQuery, and how many bytes
	@$(PY) -m bigquery_dev plan

smoke-metabase: setup ## try the dashboards on a real Metabase, in containers that it removes again
	@dashboards/metabase/smoke.sh

smoke-bigquery: setup ## run everything on a real Google project, in scratch datasets that it drops again
	@$(PY) -m bigquery_dev smoke

lint: setup ## check style and types of Python, SQL, workflows and compose files
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	DUCKDB_PATH=:memory: .venv/bin/sqlfluff lint --disable-progress-bar dbt_project
	DUCKDB_PATH=:memory: $(PY) -m dashboards check
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec dashboards/metabase/docker-compose*.yml

format: setup ## fix the style of Python and SQL where a machine can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	DUCKDB_PATH=:memory: .venv/bin/sqlfluff fix --disable-progress-bar dbt_project

docs: setup ## write the models' documentation to dbt_project/target/static_index.html
	@$(PY) -m pipeline dbt docs generate --static

focus: setup ## write the FinOps FOCUS export: make focus SINCE=2026-01-01 UNTIL=2026-02-01 FOLDER=target/focus (all optional)
	@$(PY) -m pipeline focus $(if $(SINCE),--since "$(SINCE)") $(if $(UNTIL),--until "$(UNTIL)") \
		$(if $(FOLDER),--folder "$(FOLDER)")

statement: setup ## write a month's statements by cost center: make statement MONTH=2026-10 FOLDER=target/statements (optional)
	@if [ -z "$(MONTH)" ]; then echo "Say which month: make statement MONTH=2026-10"; exit 2; fi
	@$(PY) -m pipeline statement --month "$(MONTH)" $(if $(FOLDER),--folder "$(FOLDER)")

compare: setup ## compare the marts with older tables, and say why they differ: make compare LEGACY=SCHEMA, a dataset or a folder of CSVs
	@if [ -z "$(LEGACY)" ]; then echo "Say where the older tables are: make compare LEGACY=older"; exit 2; fi
	@$(PY) -m pipeline compare --legacy "$(LEGACY)" $(if $(FOLDER),--folder "$(FOLDER)")

bench: setup ## measure speed and memory
	@$(PY) -m bench

# --- Google Cloud (infrastructure/README.md); TAG names an image, by default after the commit

TAG ?= $(shell git rev-parse HEAD)
IMAGE := $(GOOGLE_CLOUD_REGION)-docker.pkg.dev/$(GOOGLE_CLOUD_PROJECT)/ai-spend/pipeline
TERRAFORM := terraform -chdir=infrastructure/terraform
WITH_TAG := $(if $(TAG),-var "image_tag=$(TAG)")
INIT := @$(TERRAFORM) init -input=false -backend-config="bucket=$(GOOGLE_CLOUD_PROJECT)-terraform"

# For the processor of Cloud Run, whatever this machine has.
image: ## build the image of the pipeline
	docker build --platform linux/amd64 --file infrastructure/Dockerfile --tag ai-spend .

push-image: image ## push the image to Artifact Registry under the name of the commit
	gcloud auth configure-docker "$(GOOGLE_CLOUD_REGION)-docker.pkg.dev" --quiet
	docker tag ai-spend "$(IMAGE):$(TAG)"
	docker push "$(IMAGE):$(TAG)"

plan-infrastructure: ## list what `make apply-infrastructure` would change, also in target/plan.txt
	$(INIT)
	@mkdir -p target
	@$(TERRAFORM) plan -input=false -lock=false $(WITH_TAG) -out="$(CURDIR)/target/plan"
	@$(TERRAFORM) show -no-color "$(CURDIR)/target/plan" > target/plan.txt

apply-infrastructure: ## bring Google Cloud in line with infrastructure/terraform, with the image TAG
	$(INIT)
	@$(TERRAFORM) apply $(WITH_TAG) $(if $(CI),-input=false -auto-approve)

SSH = gcloud compute ssh metabase --project "$(GOOGLE_CLOUD_PROJECT)" --zone "$(GOOGLE_CLOUD_REGION)-b" \
	--tunnel-through-iap --quiet

# A machine that was just replaced installs its programs first, so this waits up to 20 minutes.
deploy-dashboards: setup ## bring Metabase on its machine in line with dashboards/definitions
	@for try in $$(seq 40); do \
		$(SSH) --command "curl --fail --silent --output /dev/null http://127.0.0.1:3000/api/health" && break; \
		test $$try -lt 40 || { echo "Metabase does not answer on its machine: docs/runbook.md" >&2; exit 1; }; \
		sleep 30; \
	done
	@$(SSH) -- -f -o ExitOnForwardFailure=yes -L 3000:127.0.0.1:3000 sleep 600
	@METABASE_URL=http://127.0.0.1:3000 $(PY) -m dashboards deploy

check-infrastructure: setup ## check Terraform's files with Terraform itself and, with the Dockerfile, checkov
	$(TERRAFORM) fmt -check -diff
	$(TERRAFORM) init -backend=false -input=false
	$(TERRAFORM) validate
	.venv/bin/uv tool run checkov@3.3.30 --directory infrastructure --quiet --compact --skip-download

lock: setup ## write requirements.lock from pyproject.toml, versions kept; newer ones: make lock UPGRADE="dlt ruff" or UPGRADE=all
	@$(PY) -m tools.lock $(UPGRADE)

clean: ## remove .venv, caches and build folders; data/ and .env stay
	rm -rf .venv .venv-emulator .venv-focus target dbt_project/target dbt_project/logs logs build *.egg-info
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
