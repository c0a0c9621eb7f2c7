"""The SQL of every chart of the dashboards, for the check of BigQuery's SQL.

Each chart is rendered for BigQuery twice, with its filters at their defaults and with each filter
set, in the form in which Metabase writes field filters: the table in one pair of backticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from bigquery_dev.compiled import Node
from dashboards import query
from dashboards.catalog import Catalog
from dashboards.compiled import CompiledChart, CompiledDashboard, literal
from dashboards.conditions import condition, sample
from dashboards.loading import DEFINITIONS, load
from dashboards.people import People

# Any day works: relative dates count from it.
TODAY = date(2026, 1, 15)
# A placeholder for a column until a condition is in BigQuery's SQL.
_COLUMN = "filtered_column"


def charts(
    marts: list[Node],
    manifest: Path,
    folder: Path = DEFINITIONS,
    people: People | None = None,
) -> list[Node]:
    """A node for each chart and way to set its filters. `manifest` is dbt's, for BigQuery; `marts`
    has at least its models; `people` says where they are hidden."""
    catalog = Catalog(manifest, people)
    known = {node.name: node for node in marts if node.name in catalog.models}
    sources, _ = load(catalog, folder)
    return [
        _node(source.dashboard, chart, known, sampled)
        for source in sources
        for chart in source.dashboard.charts
        for sampled in (False, True)
    ]


def _node(
    dashboard: CompiledDashboard, chart: CompiledChart, known: dict[str, Node], sampled: bool
) -> Node:
    tables = [known[mart].table for mart in chart.marts]
    return Node(
        name=chart.key + (" with filters" if sampled else ""),
        kind="analysis",
        table="",
        path=f"dashboards/definitions/{dashboard.key}.yml",
        sql=_sql(dashboard, chart, known, sampled),
        materialized="",
        columns={},
        config={},
        has_contract=False,
        parents=list(chart.marts),
        parent_tables=tables,
    )


def _sql(
    dashboard: CompiledDashboard, chart: CompiledChart, known: dict[str, Node], sampled: bool
) -> str:
    # The marts are in one dataset.
    schema = known[chart.marts[0]].table.rpartition(".")[0] if chart.marts else ""

    def conditions(mart: str) -> Iterator[str]:
        for wire in chart.wires:
            bound = dashboard.definition.filters[wire.filter]
            value = sample(bound) if sampled else bound.default
            if wire.mart == mart and value not in (None, []):
                column = f"{query.relation(mart, 'bigquery', schema)}.`{wire.column}`"
                narrowed = condition(bound, _COLUMN, value, TODAY)
                yield _translated(narrowed).replace(_COLUMN, column)

    def variable(name: str) -> str:
        bound = dashboard.definition.filters[name]
        return _translated(literal(bound, sample(bound)))

    return query.render(
        chart.template,
        "bigquery",
        schema,
        lambda mart: " and ".join(conditions(mart)) or "true",
        variable,
    )


def _translated(sql: str) -> str:
    return query.parse(sql).sql(dialect="bigquery")
