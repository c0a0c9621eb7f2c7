"""The sample company's journey through BigQuery, as far as an emulator goes, compared with DuckDB.

`golden/` has what dbt sent for a fact; after an intended change, write it again: `GOLDEN=write
python -m pytest tests/emulator`.
"""

from __future__ import annotations

import re

import pytest

from bigquery_dev import journey
from bigquery_dev.emulator import running


@pytest.fixture(scope="module")
def requests(tmp_path_factory):
    """All requests of the journey, which ends early where the warehouses differ."""
    here, there, emulator = map(tmp_path_factory.mktemp, ("here", "there", "emulator"))
    with running(emulator) as bigquery, journey.company() as sandbox:
        duckdb = {"TARGET": "duckdb", "DUCKDB_PATH": str(here / "warehouse.duckdb")}
        emulated = {
            "TARGET": "bigquery",
            "GOOGLE_CLOUD_PROJECT": bigquery.project,
            "BIGQUERY_DATASET": "ai_spend",
            "BIGQUERY_LOCATION": "EU",
            "BIGQUERY_API_ENDPOINT": bigquery.url,
            "BIGQUERY_MAXIMUM_BYTES_BILLED": "123456789",
            "BIGQUERY_JOB_TIMEOUT_SECONDS": "321",
        }
        journey.travel(
            journey.Side("DuckDB", sandbox.env | duckdb, here),
            journey.Side("the emulator", sandbox.env | emulated, there),
            sandbox,
        )
        return bigquery.requests()


def jobs_of(requests, model):
    """The configurations of the jobs that dbt labeled with a model."""
    configurations = [(one["body"] or {}).get("configuration", {}) for one in requests]
    return [one for one in configurations if one.get("labels", {}).get("model") == model]


@pytest.mark.parametrize("fact", ["fct_cost_daily", "fct_usage_daily"])
def test_facts_are_laid_out_as_before(requests, fact, assert_golden):
    scripts = [job["query"]["query"] for job in jobs_of(requests, fact)]
    (made,) = [
        script for script in scripts if re.search(rf"create or replace table .*{fact}`", script)
    ]
    head = made[made.index("create or replace") :].split("as (", 1)[0]
    assert_golden(f"{fact}.sql", re.sub(r"\s*\n\s*", "\n", head).strip())


def test_a_run_replaces_named_partitions_and_asks_for_none(requests):
    scripts = [job["query"]["query"] for job in jobs_of(requests, "fct_cost_daily")]
    merges = [script for script in scripts if "merge into" in script]
    assert len(merges) == 2
    for merge in merges:
        named = re.search(
            r"not matched by source\s+and DBT_INTERNAL_DEST.cost_date in \((.*?)\)", merge
        )
        assert re.fullmatch(r"(date '\d{4}-\d\d-\d\d'(, )?)+", named[1])
        assert "on FALSE" in merge
        assert ";" not in merge.strip().rstrip(";")


def test_each_job_is_labeled_and_limited(requests):
    jobs = jobs_of(requests, "int_costs")
    assert {job["labels"]["target"] for job in jobs} == {"bigquery"}
    assert {job["labels"]["resource_type"] for job in jobs} == {"model"}
    assert {job["query"]["maximumBytesBilled"] for job in jobs} == {"123456789"}
    assert {job["jobTimeoutMs"] for job in jobs} == {"321000"}
