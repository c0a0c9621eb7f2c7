"""`python -m dashboards preview`: every dashboard as a page that only needs a browser.

plotly.js, a file beside them, draws the pages from the DuckDB warehouse, on the grid that Metabase
uses, with filters that work in the page.
"""

from __future__ import annotations

import filecmp
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from dashboards.compiled import CompiledDashboard
from dashboards.loading import Source
from dashboards.preview import page
from dashboards.preview.annotations import Annotations
from dashboards.preview.cube import Cubes
from dashboards.preview.freshness import Feeds, Stale, stale_sources
from dashboards.preview.sizes import Sizes
from foundation.settings import ROOT, Settings
from foundation.warehouse import WarehouseError, open_file

log = logging.getLogger(__name__)

FOLDER = ROOT / "target" / "dashboards"
# Of a mart on a page. So many take about a megabyte, and the page finds what a filter lets through
# in a twentieth of a second.
ROWS = 100_000
# For DuckDB, which would keep all of the marts that it has read.
MEMORY_LIMIT = "200MB"
# What the next preview need not count again.
SIZES = "sizes.json"
# What is clicked on another page leads here.
EXPLORER = "cost_explorer"


class PreviewError(Exception):
    """There is nothing to draw from; the message says what to do."""


@dataclass(frozen=True)
class Failure:
    """A chart whose query failed."""

    dashboard: str
    chart: str
    message: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.chart}: {self.message}"


def preview(
    settings: Settings,
    sources: list[Source],
    folder: Path = FOLDER,
    rows: int = ROWS,
    *,
    are_all: bool = True,
) -> list[Failure]:
    """Write a page for each dashboard, `index.html`, and the script that they share; returns the
    charts that could not be drawn.

    A page holds at most `rows` rows of a mart. Unless only some dashboards are drawn, older pages
    in the folder that belong to no dashboard any more are removed; that of a dashboard that is left
    out is removed in any case. Raises PreviewError.
    """
    refuse_nothing(settings)
    folder.mkdir(parents=True, exist_ok=True)
    cards, failures, written = [], [], {"index.html"}
    explorer = next((one.dashboard for one in sources if one.dashboard.key == EXPLORER), None)
    try:
        limit = settings.duckdb_memory_limit or MEMORY_LIMIT
        connection = open_file(settings.duckdb_path, read_only=True)
        connection.execute(f"set memory_limit = '{limit}'")
    except WarehouseError as error:
        raise PreviewError(str(error)) from None
    with connection:
        today = today_in(connection)
        is_sample = page.is_sample(connection)
        company = page.facts(connection, today)
        customers = page.customer_facts(connection, today)
        annotations = Annotations(connection)
        behind, feeds = stale_sources(connection), Feeds(connection)
        values: dict[tuple[str, str], list[str]] = {}
        sizes = _sizes(connection, folder)
        for source in sources:
            dashboard = source.dashboard
            if dashboard.is_about_hidden_people:
                log.info("%s is left out: it is about people, who are hidden", dashboard.key)
                # It may have been drawn when they were not.
                (folder / f"{dashboard.key}.html").unlink(missing_ok=True)
                continue
            cubes = Cubes(dashboard, connection, today, rows, sizes)
            charts = cubes.charts()
            stale: set[Stale] = set()
            for chart in dashboard.charts:
                found = feeds.stale(chart, behind)
                charts[chart.key].notes += [f"{one}." for one in found]
                stale.update(found)
            choices = {
                name: _choices(connection, dashboard, name, values)
                for name in dashboard.definition.filters
            }
            marts = {mart for chart in dashboard.charts for mart in chart.marts}
            of_customers = any("revops" in mart for mart in marts)
            facts = customers if of_customers else company
            html = page.dashboard(
                dashboard,
                charts,
                cubes.cubes,
                choices,
                facts,
                sorted(stale, key=lambda one: one.source),
                today,
                # A seller's customers are not in the explorer, and no annotation is about them.
                explorer=None if of_customers else explorer,
                annotations=None if of_customers else annotations,
                is_sample=is_sample,
            )
            write(folder / f"{dashboard.key}.html", html)
            written.add(f"{dashboard.key}.html")
            cards.append(page.Card.of(dashboard, charts, cubes.answer))
            failures += [
                Failure(dashboard.key, chart.definition.name, data.error)
                for chart in dashboard.charts
                if (data := charts[chart.key]).error
            ]
        if are_all:
            write(folder / SIZES, sizes.text())
    script = page.plotly()
    copy = folder / script.name
    if not copy.exists() or not filecmp.cmp(script, copy):
        shutil.copyfile(script, copy)
    if not are_all:
        return failures
    write(folder / "index.html", page.index(cards, company, behind, is_sample=is_sample))
    for file in [*folder.glob("*.html"), *folder.glob(".*.writing")]:
        if file.name not in written:
            file.unlink()
    return failures


def _sizes(connection: duckdb.DuckDBPyConnection, folder: Path) -> Sizes:
    """With what the last preview counted, if that can be read."""
    try:
        return Sizes(connection, (folder / SIZES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Sizes(connection)


def refuse_nothing(settings: Settings) -> None:
    """Raises PreviewError if there is no warehouse to draw from."""
    if settings.target != "duckdb":
        raise PreviewError("The preview is drawn from DuckDB: set TARGET=duckdb, or use Metabase")
    if not settings.duckdb_path.exists():
        raise PreviewError(f"There is no warehouse {settings.duckdb_path}: `make run` builds it")


def write(file: Path, text: str) -> None:
    """Write a file completely or not at all."""
    unfinished = file.with_name(f".{file.name}.writing")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)


def today_in(connection: duckdb.DuckDBPyConnection) -> date:
    """The day from which relative dates count: the one after the last complete day."""
    try:
        sql = "select max(date_day) from marts.dim_dates where is_complete"
        (row,) = connection.execute(sql).fetchall()
    except duckdb.Error:
        row = (None,)
    return row[0] + timedelta(days=1) if row[0] else date.today()  # noqa: DTZ011


# Nobody would read a longer list in the browser.
MAX_CHOICES = 5_000


def _choices(
    connection: duckdb.DuckDBPyConnection,
    dashboard: CompiledDashboard,
    name: str,
    known: dict[tuple[str, str], list[str]],
) -> list[str]:
    """The choices of a filter: the values of the columns that it narrows."""
    if dashboard.definition.filters[name].type not in ("dropdown", "multi_select", "search"):
        return []
    found: set[str] = set()
    for mart, column in sorted(_columns(dashboard, name)):
        if (mart, column) not in known:
            sql = (
                f'select distinct "{column}" from marts."{mart}" where "{column}" is not null '
                f"order by 1 limit {MAX_CHOICES}"
            )
            try:
                rows = connection.execute(sql).fetchall()
            except duckdb.Error:  # the filter's charts show the error
                rows = []
            known[mart, column] = [str(value) for (value,) in rows]
        found.update(known[mart, column])
    return sorted(found)


def _columns(dashboard: CompiledDashboard, name: str) -> Iterator[tuple[str, str]]:
    for chart in dashboard.charts:
        for wire in chart.wires:
            if wire.filter == name:
                yield wire.mart, wire.column
