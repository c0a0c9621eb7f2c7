"""`python -m dashboards check`: checks every definition against the marts, and tries every
query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import duckdb

from dashboards import query
from dashboards.catalog import MARTS, Catalog
from dashboards.compiled import CompiledChart, CompiledDashboard, literal
from dashboards.conditions import on_mart, sample
from dashboards.loading import Finding, Source
from foundation.settings import Settings
from foundation.warehouse import open_file


def sql_of(
    dashboard: CompiledDashboard, chart: CompiledChart, today: date, *, sampled: bool = False
) -> str:
    """A chart's query on DuckDB, with filters at their defaults, or each set to a sample. Relative
    dates count from `today`."""

    def variable(name: str) -> str:
        definition = dashboard.definition.filters[name]
        return literal(definition, sample(definition))

    def filters(mart: str) -> str:
        return on_mart(dashboard, chart.wires, mart, today, sampled=sampled)

    return query.render(chart.template, "duckdb", MARTS, filters, variable)


def check(settings: Settings, catalog: Catalog, sources: list[Source]) -> list[Finding]:
    """What is wrong with the queries. Each runs with only the default filters and with all filters
    set, on empty marts made from the contracts, and on the warehouse's marts if there are any.
    Raises WarehouseError."""
    today = date.today()  # noqa: DTZ011
    findings = list(_failures(sources, catalog.execute, today, "on empty marts"))
    if settings.target == "duckdb" and settings.duckdb_path.exists():
        with open_file(settings.duckdb_path, read_only=True) as connection:
            failed = _failures(
                sources,
                lambda sql: connection.execute(sql).fetchmany(1),
                today,
                f"in {settings.duckdb_path}; `make run` builds what is missing there",
            )
            findings += list(failed) if not findings else []
    return findings


def _failures(
    sources: list[Source], run: Callable[[str], object], today: date, where: str
) -> Iterator[Finding]:
    for source in sources:
        for chart in source.dashboard.charts:
            try:
                for sampled in (False, True):
                    run(sql_of(source.dashboard, chart, today, sampled=sampled))
            except duckdb.Error as error:
                said = str(error).split("\n\nLINE")[0]
                yield source.finding(chart.path, f"the query fails {where}: {said}")
