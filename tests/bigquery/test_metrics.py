"""The SQL that MetricFlow writes for BigQuery: every metric, read by Google's own analyzer."""

from __future__ import annotations

import datetime as dt

import pytest
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.big_query import BigQuerySqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from bigquery_dev.googlesql import GoogleSql
from bigquery_dev.lints import FUNCTIONS
from bigquery_dev.scans import function_name, nodes_in

SPLITS = (["metric_time__day", "platform"], ["metric_time__month", "department"])
BUDGETS = ["metric_time__month", "budget__scope"]
OCTOBER = (dt.datetime(2026, 10, 1), dt.datetime(2026, 10, 31))  # noqa: DTZ001


class NoWarehouse:
    """All that MetricFlow needs of a warehouse to write SQL for it."""

    sql_engine_type = SqlEngine.BIGQUERY
    sql_plan_renderer = BigQuerySqlPlanRenderer()


@pytest.fixture(scope="module")
def engine(project_folder) -> MetricFlowEngine:
    text = (project_folder / "full" / "semantic_manifest.json").read_text()
    manifest = parse_manifest_from_dbt_generated_manifest(manifest_json_string=text)
    return MetricFlowEngine(SemanticManifestLookup(manifest), NoWarehouse())


@pytest.fixture(scope="module")
def marts(project) -> GoogleSql:
    """The tables and views that keep a contract, of the types that it promises."""
    google = GoogleSql()
    for node in project["full"]:
        if node.has_contract:
            google.add_table(node.table, node.columns)
    return google


@pytest.mark.parametrize("days", [(None, None), OCTOBER], ids=["all days", "some days"])
@pytest.mark.parametrize("split", SPLITS, ids=" and ".join)
def test_every_metric_is_valid_on_bigquery(engine, marts, split, days) -> None:
    metrics = [metric.name for metric in engine.list_metrics()]
    assert len(metrics) >= 15
    for metric in metrics:
        request = MetricFlowQueryRequest.create(
            metric_names=[metric],
            group_by_names=BUDGETS if "budget" in metric else split,
            time_constraint_start=days[0],
            time_constraint_end=days[1],
        )
        sql = engine.explain(request).sql_statement.without_descriptions.sql
        statement = marts.analyze(sql)
        calls = nodes_in(statement, "ResolvedFunctionCallBaseProto")
        assert {function_name(call) for call in calls} <= FUNCTIONS, metric
