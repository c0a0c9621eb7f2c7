"""Every chart's SQL for BigQuery, read by Google's own analyzer over the marts' contracts."""

import json
from dataclasses import replace

import pytest

from bigquery_dev.charts import charts
from bigquery_dev.check import analyze
from bigquery_dev.compiled import SETTINGS, nodes_of
from dashboards.people import People
from tools import base_company

COST = "model: fct_cost_daily"


@pytest.fixture(scope="session")
def manifest():
    """dbt's, as it would run on BigQuery."""
    return base_company.parsed(SETTINGS) / "manifest.json"


@pytest.fixture(scope="session")
def marts(manifest):
    """The marts as tables of the types that their contracts promise."""
    nodes = nodes_of(json.loads(manifest.read_text()))
    return [replace(node, kind="seed") for node in nodes if node.has_contract]


def problems(marts, drawn):
    return {
        (one.node, one.reason)
        for one in analyze({"full": marts + drawn, "incremental": []}).problems
    }


@pytest.mark.parametrize("people", [People(), People(frozenset(), 5, "salt")])
def test_every_chart_is_valid_on_bigquery(marts, manifest, people):
    drawn = charts(marts, manifest, people=people)
    assert len(drawn) > 100
    assert any("'salt'" in one.sql for one in drawn) is bool(people.salt)
    assert problems(marts, drawn) == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f"type: scalar, {COST}, y: count(*), where: \"jaccard(team, 'a') > 0\"",
            "jaccard",
        ),
        (f"type: scalar, {COST}, y: count(*), where: \"printf('%s', team) = 'a'\"", "printf"),
        (
            "type: scalar, y: n, sql: \"select count(*) as n from {{ ref('fct_cost_daily') }}\"",
            "without a condition on cost_date",
        ),
    ],
)
def test_what_only_duckdb_takes_is_found(marts, manifest, tmp_path, text, reason):
    page = f"name: P\ndescription: d\nquestions: [q]\nrows: [{{charts: [{{name: A, {text}}}]}}]\n"
    (tmp_path / "page.yml").write_text(page)
    found = problems(marts, charts(marts, manifest, tmp_path))
    assert any(reason in said for _, said in found), found
