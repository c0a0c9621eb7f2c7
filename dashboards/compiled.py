"""What a definition becomes: charts whose columns are known and filters wired, tiles placed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboards.catalog import Kind
from dashboards.definition import (
    AnyChart,
    AnyFilter,
    Dashboard,
    DateRange,
    Format,
    RelativeDate,
    StaticDate,
    StaticNumber,
)
from dashboards.people import People, is_hidden

Path = tuple[str | int, ...]

DATES: tuple[Kind, ...] = ("date", "datetime")
NUMBERS: tuple[Kind, ...] = ("number", "money", "count")
TEXTS: tuple[Kind, ...] = ("text",)


@dataclass(frozen=True)
class Problem:
    """Something wrong in a definition: where, by the keys that lead there, and what to write."""

    path: Path
    message: str


@dataclass(frozen=True)
class Field:
    """A column of a chart's answer, as it is shown. `sql` is its expression over the model; none
    in a chart with `sql`. `names` are what people call its codes."""

    name: str
    label: str
    kind: Kind
    format: Format
    decimals: int | None = None
    sql: str | None = None
    names: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Wire:
    """A filter's place in a chart: the mart's column that it narrows, and the tag's name in
    Metabase's SQL. A chart that asks two marts has a tag for each."""

    filter: str
    mart: str
    column: str
    tag: str


@dataclass(frozen=True)
class CompiledChart:
    """A chart whose columns are known. `path` leads to it in the definition.

    `fields` are the answer's columns in its order, which for a table is the one shown.
    `dimensions` and `measures` are the same by role: of a chart over axes first x, then the series;
    of a pivot first `rows`, then `columns`; of a scatter the points' name, and x, y and size.
    `lists_hidden_people` if it has rows only where there are enough people, whatever the filters,
    `counts_hidden_people` if only the warehouse may see the people that it counts.
    """

    key: str
    path: Path
    definition: AnyChart
    template: str
    fields: tuple[Field, ...]
    dimensions: tuple[Field, ...]
    measures: tuple[Field, ...]
    goal: Field | None
    wires: tuple[Wire, ...]
    variables: tuple[str, ...]
    marts: tuple[str, ...]
    lists_hidden_people: bool = False
    counts_hidden_people: bool = False

    @property
    def filters(self) -> set[str]:
        """The filters that change something in it."""
        return {wire.filter for wire in self.wires} | set(self.variables)


@dataclass(frozen=True)
class Tile:
    """A place on a tab: a chart, a heading or a text."""

    row: int
    column: int
    width: int
    height: int
    chart: CompiledChart | None = None
    heading: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class CompiledTab:
    """A tab's tiles, from the top left to the bottom right."""

    name: str
    tiles: tuple[Tile, ...]

    @property
    def charts(self) -> list[CompiledChart]:
        return [tile.chart for tile in self.tiles if tile.chart]

    @property
    def filters(self) -> set[str]:
        """The filters that change something on it; the others are not offered there."""
        return {name for chart in self.charts for name in chart.filters}


@dataclass(frozen=True)
class CompiledDashboard:
    """A dashboard ready to be drawn or deployed. `kinds` has the type of each filter's column,
    `people` who may be shown."""

    key: str
    definition: Dashboard
    tabs: tuple[CompiledTab, ...]
    kinds: dict[str, Kind] = field(default_factory=dict)
    people: People = field(default_factory=People)

    @property
    def hides_people(self) -> bool:
        return self.people.are_hidden_on(self.key)

    @property
    def is_about_hidden_people(self) -> bool:
        """Whether it hides people and yet has a filter by person, which is locked. Only an address
        for embedding locks it: whoever has the page or the dashboard itself looks up anybody."""
        columns = [one for bound in self.definition.filters.values() for one in bound.column]
        return self.hides_people and any(is_hidden(one.partition(".")[2]) for one in columns)

    @property
    def charts(self) -> list[CompiledChart]:
        return [chart for tab in self.tabs for chart in tab.charts]

    def unfiltered(self, chart: CompiledChart) -> list[str]:
        """The filters that are offered beside a chart and change nothing in it."""
        offered = next(tab.filters for tab in self.tabs if chart in tab.charts)
        return [name for name in self.definition.filters if name in offered - chart.filters]

    @property
    def marts(self) -> list[str]:
        return sorted({mart for chart in self.charts for mart in chart.marts})


def filter_label(name: str, definition: AnyFilter) -> str:
    """What a filter is called on the page."""
    return definition.label or humanized(name)


def needs_months(definition: AnyFilter) -> bool:
    """Whether a period can only be of whole months: rows dated on the first of their month are all
    or none of a month."""
    return isinstance(definition, DateRange | RelativeDate) and any(
        text.rpartition(".")[2] == "month" for text in definition.column
    )


def humanized(name: str) -> str:
    """A column's name as a label: `effective_cost_usd` is `Effective cost`."""
    words = re.sub(r"_usd$", "", name).replace("_", " ").strip()
    for short in ("api", "id", "roi", "mcp"):
        words = re.sub(rf"\b{short}\b", short.upper(), words)
    return words[:1].upper() + words[1:]


def literal(definition: AnyFilter, value: object) -> str:
    """A static filter's value in DuckDB's SQL."""
    if isinstance(definition, StaticDate):
        return f"date '{value}'"
    if isinstance(definition, StaticNumber):
        return str(value)
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"
