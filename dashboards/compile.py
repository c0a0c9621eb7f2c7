"""From definitions to what is drawn and deployed: filters bound, tiles placed, charts compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dashboards.catalog import Catalog, Kind
from dashboards.catalog import Column as MartColumn
from dashboards.compile_charts import ChartCompiler
from dashboards.compiled import (
    DATES,
    NUMBERS,
    TEXTS,
    CompiledDashboard,
    CompiledTab,
    Path,
    Problem,
    Tile,
    needs_months,
)
from dashboards.definition import COLUMNS, AnyFilter, Dashboard, GridRow, StaticText

# Grid rows by type, as Metabase draws them well.
HEIGHTS = {"scalar": 3, "pie": 8, "table": 9, "pivot": 9}
HEIGHT = 6
# The columns that a filter can be bound to.
KINDS: dict[str, tuple[Kind, ...]] = {
    "dropdown": TEXTS,
    "multi_select": TEXTS,
    "search": TEXTS,
    "date_range": DATES,
    "relative_date": DATES,
    "number_range": NUMBERS,
    # Compared as it is, and BigQuery compares no moment with a day.
    "date": ("date",),
    "number": NUMBERS,
    "text": TEXTS,
}


class _Compiler:
    """Compiles one dashboard; problems are gathered, so that one run names them all."""

    def __init__(self, key: str, definition: Dashboard, catalog: Catalog) -> None:
        self.key, self.definition, self.catalog = key, definition, catalog
        self.problems: list[Problem] = []
        self.kinds: dict[str, Kind] = {}
        self.charts = ChartCompiler(key, definition, catalog, self.problems)

    def compile(self) -> CompiledDashboard:
        for name, bound in self.definition.filters.items():
            self._filter(name, bound)
        tabs = []
        single = not self.definition.tabs
        for number, tab in enumerate(self.definition.all_tabs):
            path: Path = () if single else ("tabs", number)
            tabs.append(CompiledTab(tab.name, tuple(self._tiles(tab.rows, (*path, "rows")))))
        # A chart with a mistake may be the one that a filter is for.
        for name in () if self.problems else self.definition.filters:
            if name not in self.charts.used:
                self._problem(
                    ("filters", name), f"the filter {name} narrows no chart: bind it to a column"
                )
        people = self.catalog.people
        return CompiledDashboard(self.key, self.definition, tuple(tabs), self.kinds, people)

    def _problem(self, path: Path, message: str) -> None:
        self.problems.append(Problem(path, message))

    # --- filters

    def _filter(self, name: str, bound: AnyFilter) -> None:
        path: Path = ("filters", name)
        if not bound.column and bound.default is None:
            self._problem(path, "a filter without `column` needs a `default`: its value is asked")
        for text in bound.column:
            column = self._bound_column(text, (*path, "column"))
            if column is None:
                continue
            self.kinds.setdefault(name, column.kind)
            wanted = KINDS[bound.type]
            if column.kind not in wanted:
                fitting = [kind for kind, kinds in KINDS.items() if column.kind in kinds]
                self._problem(
                    (*path, "type"),
                    f"a {bound.type} filter needs a column of {' or '.join(wanted)}, and {text} is "
                    f"{column.kind}: use {', '.join(fitting)}",
                )
        if needs_months(bound) and re.search(r"day|week", str(bound.default)):
            self._problem(
                (*path, "default"),
                f"{bound.default} is not a number of whole months, and a column called month has "
                "the first day of each: use past3months or thismonth",
            )
        if (
            isinstance(bound, StaticText)
            and bound.values
            and bound.default
            not in (
                None,
                *bound.values,
            )
        ):
            self._problem((*path, "default"), f"{bound.default} is none of `values`")

    def _bound_column(self, text: str, path: Path) -> MartColumn | None:
        model, _, name = text.partition(".")
        if not name:
            self._problem(path, f"{text} is no `model.column`")
            return None
        unknown = self.catalog.unknown_model(model) or self.catalog.unknown_column(model, name)
        if unknown:
            self._problem(path, unknown)
            return None
        return self.catalog.models[model].columns[name]

    # --- tiles

    def _tiles(self, rows: list[GridRow], path: Path) -> Iterator[Tile]:
        top = 0
        for number, row in enumerate(rows):
            where: Path = (*path, number)
            if row.heading is not None:
                yield Tile(top, 0, COLUMNS, row.height or 1, heading=row.heading)
                top += row.height or 1
                continue
            if row.text is not None:
                height = row.height or 1 + row.text.strip().count("\n")
                yield Tile(top, 0, COLUMNS, height, text=row.text.strip())
                top += height
                continue
            height = row.height or max(HEIGHTS.get(chart.type, HEIGHT) for chart in row.charts)
            left = 0
            for index, (chart, width) in enumerate(zip(row.charts, _widths(row), strict=True)):
                compiled = self.charts.compile(chart, (*where, "charts", index))
                if compiled:
                    yield Tile(top, left, width, height, chart=compiled)
                left += width
            top += height


def _widths(row: GridRow) -> list[int]:
    """The widths of a row's charts; those not given share what is left."""
    open_ = sum(chart.width is None for chart in row.charts)
    left = COLUMNS - sum(chart.width or 0 for chart in row.charts)
    shares = [left // open_ + (1 if i < left % open_ else 0) for i in range(open_)] if open_ else []
    return [chart.width or shares.pop(0) for chart in row.charts]


def compile_dashboard(
    key: str, definition: Dashboard, catalog: Catalog
) -> tuple[CompiledDashboard, list[Problem]]:
    """A dashboard with its charts resolved against the marts, and all that is wrong with it.

    With problems, the charts that have one are missing from its tabs.
    """
    if catalog.people.are_hidden_on(key):
        definition = catalog.people.without_filters(definition)
    compiler = _Compiler(key, definition, catalog)
    return compiler.compile(), compiler.problems
