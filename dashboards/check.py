"""`python -m dashboards check`: checks every definition against the marts, tries every query, and
says what a reviewer would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import duckdb
from sqlglot import exp

from dashboards import query
from dashboards.catalog import MARTS, Catalog, did_you_mean
from dashboards.compiled import CompiledChart, CompiledDashboard, Path, filter_label, literal
from dashboards.conditions import on_mart, sample
from dashboards.loading import Finding, Source
from foundation.settings import Settings
from foundation.warehouse import open_file

HEADER = "# yaml-language-server: $schema=../schema.json\n"
QUESTIONS = 3
CHARTS_PER_TAB = 10
# A column with more values than this is no list of names that a condition could misspell.
MAX_VALUES = 1_000


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


def check(
    settings: Settings, catalog: Catalog, sources: list[Source], *, also_empty: bool = False
) -> list[Finding]:
    """What is wrong with the queries. Each runs with only the default filters and with all filters
    set, on empty marts made from the contracts, and on the warehouse's marts if there are any.
    Hints are about the warehouse's data; with `also_empty` they name charts that it has nothing
    for. Raises WarehouseError."""
    today = date.today()  # noqa: DTZ011
    findings = list(_failures(sources, catalog.execute, today, "on empty marts"))
    findings += _misspelled(sources, catalog, None)
    if settings.target == "duckdb" and settings.duckdb_path.exists():
        with open_file(settings.duckdb_path, read_only=True) as connection:
            failed = _failures(
                sources,
                lambda sql: connection.execute(sql).fetchmany(1),
                today,
                f"in {settings.duckdb_path}; `make run` builds what is missing there",
            )
            findings += list(failed) if not findings else []
            if not findings:
                findings += _misspelled(sources, catalog, connection)
            if not findings and also_empty:
                findings += _empty(sources, connection, settings)
    return findings


def review(sources: list[Source]) -> list[Finding]:
    """What keeps a dashboard from being understood, and so from being merged."""
    return [finding for source in sources for finding in _reviewed(source)]


def _reviewed(source: Source) -> Iterator[Finding]:
    dashboard = source.dashboard
    if not source.file.read_text(encoding="utf-8").startswith(HEADER):
        yield source.finding((), f"the first line must be `{HEADER.strip()}`, for editors")
    if (asked := len(dashboard.definition.questions)) < QUESTIONS:
        yield source.finding(
            ("questions",),
            f"write at least {QUESTIONS} questions that it answers; there are {asked}",
        )
    labels = [filter_label(*one) for one in dashboard.definition.filters.items()]
    for name, definition in dashboard.definition.filters.items():
        if labels.count(label := filter_label(name, definition)) > 1:
            yield source.finding(("filters", name), f"two filters are called {label}")
    for number, tab in enumerate(dashboard.tabs):
        if (charts := sum(tile.chart is not None for tile in tab.tiles)) > CHARTS_PER_TAB:
            path: Path = ("tabs", number) if dashboard.definition.tabs else ("rows",)
            yield source.finding(
                path, f"at most {CHARTS_PER_TAB} charts fit on a tab, not {charts}: write more tabs"
            )
    for chart in dashboard.charts:
        if not chart.definition.description:
            yield source.finding(
                chart.path,
                f"{chart.definition.name} has no description: say what is in the number, and "
                "whether the current month is",
            )


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


def _misspelled(
    sources: list[Source], catalog: Catalog, connection: duckdb.DuckDBPyConnection | None
) -> Iterator[Finding]:
    """Texts that a column is compared with and never has: by its contract, or by the warehouse,
    where only what resembles one of its values counts as a mistake."""
    stored: dict[tuple[str, str], tuple[str, ...]] = {}

    def values(mart: str, column: str) -> tuple[str, ...]:
        if connection is None:
            return catalog.models[mart].columns[column].values
        if (mart, column) not in stored:
            stored[mart, column] = _values(connection, mart, column)
        return stored[mart, column]

    for source in sources:
        for chart in source.dashboard.charts:
            for column, texts in _compared(chart.template):
                marts = [one for one in chart.marts if column in catalog.models[one].columns]
                known = [values(mart, column) for mart in marts]
                if not known or not all(known):
                    continue
                listed = sorted({value for one in known for value in one})
                unknown = [text for text in texts if text not in listed]
                if connection is not None and len(unknown) < len(texts):
                    continue
                for text in unknown:
                    near = did_you_mean(text, listed)
                    if near or connection is None:
                        choice = near or f": known are {', '.join(listed)}"
                        key = "where" if chart.definition.where else "sql"
                        yield source.finding(
                            (*chart.path, key),
                            f"{column} is never '{text}'{choice}",
                            is_hint=connection is not None,
                        )


def _compared(template: str) -> Iterator[tuple[str, list[str]]]:
    """The columns that a query compares with texts, and the texts."""
    for found in query.parse(template).find_all(exp.EQ, exp.NEQ, exp.In):
        sides = found.expressions if isinstance(found, exp.In) else [found.expression]
        texts = [side.this for side in sides if side.is_string]
        if texts and isinstance(found.this, exp.Column):
            yield found.this.name, texts


def _values(connection: duckdb.DuckDBPyConnection, mart: str, column: str) -> tuple[str, ...]:
    """The texts in a column of the warehouse; none of a column with too many to be names."""
    sql = f'select distinct "{column}" from {MARTS}."{mart}" limit {MAX_VALUES + 1}'
    rows = connection.execute(sql).fetchall()
    texts = tuple(value for (value,) in rows if isinstance(value, str))
    return texts if len(rows) <= MAX_VALUES else ()


def _empty(
    sources: list[Source], connection: duckdb.DuckDBPyConnection, settings: Settings
) -> Iterator[Finding]:
    today = date.today()  # noqa: DTZ011
    for source in sources:
        for chart in source.dashboard.charts:
            rows = connection.execute(sql_of(source.dashboard, chart, today)).fetchmany(100)
            if not any(value is not None for row in rows for value in row):
                yield source.finding(
                    chart.path,
                    f"{chart.definition.name} is empty in {settings.duckdb_path} with the filters' "
                    "defaults: is `where` right?",
                    is_hint=True,
                )
