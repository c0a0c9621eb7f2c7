"""The format of `definitions/*.yml`: what an analyst writes. `schema.json` is made from it.

Nothing here knows about the marts or Metabase: `compile.py` resolves a definition against the
marts' columns, `preview/` draws it and `deploy/` sends it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

COLUMNS = 24
SLUG = r"^[a-z][a-z0-9_]*$"
DAY = r"^\d{4}-\d\d-\d\d$"
DAYS = r"^\d{4}-\d\d-\d\d~\d{4}-\d\d-\d\d$"
PERIOD = (
    r"^((past|next)\d+(day|week|month|quarter|year)s~?|this(day|week|month|quarter|year)"
    r"|yesterday)$"
)

Grain = Literal["day", "week", "month", "quarter", "year"]
# percent shows 0.5 as 50 %, percent100 shows 50 as 50 %.
Format = Literal["usd", "percent", "percent100", "count", "decimal", "date", "datetime", "text"]
Audience = Literal["Executives", "Finance", "Managers", "Compliance", "RevOps", "Everyone"]
Slug = Annotated[str, Field(pattern=SLUG)]
Name = Annotated[str, Field(min_length=1, max_length=254)]

_BY = re.compile(r"^(?P<value>.+?)\s+by\s+(?P<grain>\w+)$")


class Strict(BaseModel):
    """An unknown key is an error: a misspelled one would be silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _by_period(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _BY.match(value.strip())
    return match.groupdict() if match else {"value": value.strip()}


class Dimension(Strict):
    """What rows are grouped by: a column, or an SQL expression without aggregates.

    `cost_date by month` is short for `{value: cost_date, grain: month}`. In a chart with `sql` the
    value is a column of the query.
    """

    value: str
    grain: Grain | None = None
    label: str | None = Field(default=None, description="Shown instead of the column's name.")
    format: Format | None = None

    _from_text = model_validator(mode="before")(_by_period)


class Measure(Strict):
    """A number: an aggregate such as `sum(requests)`, or arithmetic over aggregates. A column alone
    is short for its sum. Division by zero is null. In a chart with `sql` the value is a column of
    the query."""

    value: str
    label: str | None = Field(default=None, description="Shown instead of the column's name.")
    format: Format | None = None
    decimals: int | None = Field(default=None, ge=0, le=9)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"value": value.strip()} if isinstance(value, str) else value


class ComboMeasure(Measure):
    """A number of a combo chart, with how it is drawn."""

    show_as: Literal["line", "bar", "area", "estimate", "low", "high", "limit"] = Field(
        default="bar",
        description=(
            "`estimate` is a pale bar behind the first bar, `low` and `high` are the ends of its "
            "whisker; `limit` is a dashed line with its name."
        ),
    )
    axis: Literal["left", "right"] = "left"


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list) else [value]


class Chart(Strict):
    """What every chart has. Either `model`, a mart, or `sql`, a query with `ref()` to marts."""

    name: Name
    id: Slug | None = Field(
        default=None, description="The chart's permanent key; made from its name if left out."
    )
    description: str | None = Field(default=None, min_length=1)
    width: int | None = Field(default=None, ge=1, le=COLUMNS, description="Of 24 columns.")
    model: Slug | None = Field(default=None, description="The mart to query.")
    where: str | None = Field(
        default=None, description="An SQL condition on the rows of the model."
    )
    sql: str | None = Field(
        default=None,
        description=(
            "A query: `{{ ref('mart') }}` for a mart, `{{ filters('mart') }}` where the filters "
            "belong, `{{ variable('filter') }}` for the value of a static filter. A mart that is "
            "only joined to rows that are narrowed: `{{ ref('mart', unfiltered=true) }}`."
        ),
    )
    unfiltered: list[Slug] = Field(
        default=[], description="Filters of the dashboard that this chart ignores on purpose."
    )
    limit: int | None = Field(default=None, ge=1, le=100_000)
    metabase: dict[str, Any] = Field(
        default={},
        description="Raw visualization_settings for Metabase, which override those compiled.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.model is None) == (self.sql is None):
            raise ValueError("a chart has either `model` or `sql`")
        if self.sql is not None and self.where is not None:
            raise ValueError("`where` goes with `model`; with `sql` it belongs in the query")
        return self

    @property
    def key(self) -> str:
        return self.id or slug(self.name)


class Scalar(Chart):
    """One number; with `x`, the newest period's number and how it changed from the period
    before."""

    type: Literal["scalar"]
    y: Measure
    x: Dimension | None = None
    more_is: Literal["good", "bad", "neutral"] = Field(
        default="neutral", description="Whether an increase is green, red or neither."
    )


class _Axes(Chart):
    x: Dimension
    y: list[Measure]
    series: Dimension | None = None
    goal: Measure | float | None = Field(default=None, description="Draw a line at this number.")
    sort: Literal["x", "y"] | None = Field(
        default=None, description="Sort by x, or by y with the largest first."
    )

    _listed = field_validator("y", mode="before")(_one_or_more)

    @model_validator(mode="after")
    def _series_of_one(self) -> Self:
        if self.series is not None and len(self.y) > 1:
            raise ValueError("with `series` there can be only one `y`")
        return self


class Line(_Axes):
    """A trend."""

    type: Literal["line"]


class Area(_Axes):
    """A trend of parts of a whole."""

    type: Literal["area"]
    stack: Literal["none", "stacked", "percent"] = "stacked"


class Bar(_Axes):
    """A comparison of few things, or of periods."""

    type: Literal["bar"]
    stack: Literal["none", "stacked", "percent"] = "none"


class Row(_Axes):
    """A ranking: horizontal bars, for long labels."""

    type: Literal["row"]
    stack: Literal["none", "stacked", "percent"] = "none"
    sort: Literal["x", "y"] | None = "y"


def _fixed(value: object) -> object:
    if not isinstance(value, int | float):
        raise ValueError(
            "the goal of a combo is a number: write what is computed as one of `y`, with "
            "`show_as: limit`"
        )
    return value


class Combo(Chart):
    """Numbers of different kinds over the same x, on two axes if needed."""

    type: Literal["combo"]
    x: Dimension
    y: list[ComboMeasure] = Field(min_length=2)
    goal: Annotated[float, BeforeValidator(_fixed)] | None = Field(
        default=None,
        description=(
            "Draw a line at this number of the left axis; for one that is computed, such as a "
            "budget, a measure with `show_as: limit`."
        ),
    )
    sort: Literal["x", "y"] | None = None

    @model_validator(mode="after")
    def _whisker(self) -> Self:
        shown: list[str] = [one.show_as for one in self.y]
        if any(shown.count(one) > 1 for one in ("estimate", "low", "high")):
            raise ValueError("a combo has one `estimate`, one `low` and one `high` at most")
        if ("low" in shown) != ("high" in shown) or ("low" in shown and "estimate" not in shown):
            raise ValueError("`low` and `high` go together, with an `estimate`")
        return self


class Pie(Chart):
    """Shares of a whole, at most five parts: smaller ones are drawn as one, "Other"."""

    type: Literal["pie"]
    x: Dimension
    y: Measure


class Segment(Strict):
    """A part of a gauge, beginning where the previous one ends."""

    to: float
    label: str | None = None
    color: Literal["good", "warning", "bad", "neutral"] = "neutral"


class Gauge(Chart):
    """One number between bounds."""

    type: Literal["gauge"]
    y: Measure
    start: float = 0
    segments: list[Segment] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        ends = [self.start, *(segment.to for segment in self.segments)]
        if sorted(set(ends)) != ends:
            raise ValueError("the segments of a gauge must be in increasing order")
        return self


class Scatter(Chart):
    """Two numbers of each thing; `points` names the thing."""

    type: Literal["scatter"]
    points: Dimension
    x: Measure
    y: Measure
    size: Measure | None = None


class Funnel(Chart):
    """Steps that each keep part of the one before: either several `y`, or `x` and one `y`."""

    type: Literal["funnel"]
    x: Dimension | None = None
    y: list[Measure]

    _listed = field_validator("y", mode="before")(_one_or_more)

    @model_validator(mode="after")
    def _steps(self) -> Self:
        if (self.x is None) == (len(self.y) == 1):
            raise ValueError(
                "a funnel has either several `y`, one for each step, or `x` and one `y`"
            )
        if self.sql is not None and self.x is None:
            raise ValueError("a funnel with `sql` needs `x`, the column with the steps' names")
        return self


class Waterfall(Chart):
    """What led from one number to another: increases and decreases, in the order of the rows."""

    type: Literal["waterfall"]
    x: Dimension
    y: Measure
    total: bool = True
    sort: Literal["x", "y"] | None = None


class Pivot(Chart):
    """A cross table."""

    type: Literal["pivot"]
    rows: list[Dimension] = Field(min_length=1)
    columns: list[Dimension] = []
    values: list[Measure] = Field(min_length=1)
    totals: bool = True
    heat: bool = Field(default=False, description="Shade the numbers by size: a heat map.")

    _listed = field_validator("rows", "columns", "values", mode="before")(_one_or_more)


class Column(Strict):
    """A column of a table: with an aggregate it is a measure, and a column of money or of another
    decimal number is summed; otherwise rows are grouped by it."""

    value: str
    grain: Grain | None = None
    label: str | None = None
    format: Format | None = None
    decimals: int | None = Field(default=None, ge=0, le=9)
    bar: bool = Field(default=False, description="Draw a small bar behind the number.")
    highlight: dict[str, Literal["good", "warning", "bad"]] = Field(
        default={}, description="Colors by value."
    )

    _from_text = model_validator(mode="before")(_by_period)


class Table(Chart):
    """Rows to read."""

    type: Literal["table"]
    columns: list[Column] = Field(min_length=1)
    sort: str | None = Field(
        default=None,
        description="The label or name of a column; `-` before it sorts the largest first.",
    )


AnyChart = Annotated[
    Scalar
    | Line
    | Bar
    | Pie
    | Gauge
    | Combo
    | Area
    | Row
    | Scatter
    | Funnel
    | Waterfall
    | Pivot
    | Table,
    Field(discriminator="type"),
]


class _Filter(Strict):
    label: str | None = None


class _FieldFilter(_Filter):
    """Bound to `model.column`, and to a column of that name in any other model that a chart uses.
    If the name differs from model to model, all are listed."""

    column: list[str] = Field(min_length=1)

    _listed = field_validator("column", mode="before")(_one_or_more)


class Dropdown(_FieldFilter):
    """One of the column's values."""

    type: Literal["dropdown"]
    default: str | None = None


class MultiSelect(_FieldFilter):
    """Some of the column's values."""

    type: Literal["multi_select"]
    default: list[str] = []


class Search(_FieldFilter):
    """A value found by typing its beginning."""

    type: Literal["search"]
    default: str | None = None


class DateRange(_FieldFilter):
    """From a day to a day, both included: `2026-01-01~2026-03-31`."""

    type: Literal["date_range"]
    default: str | None = Field(default=None, pattern=DAYS)


class RelativeDate(_FieldFilter):
    """Counted from today: `past30days`; `past30days~` includes today; `thismonth`."""

    type: Literal["relative_date"]
    default: str | None = Field(default=None, pattern=PERIOD)


class NumberRange(_FieldFilter):
    """Between two numbers, both included."""

    type: Literal["number_range"]
    default: tuple[float, float] | None = None


class _StaticFilter(_Filter):
    """A value that `{{ variable('name') }}` puts into a chart's `sql`; with a column also a
    condition on every chart that has the column."""

    column: list[str] = []

    _listed = field_validator("column", mode="before")(_one_or_more)


class StaticDate(_StaticFilter):
    """A day."""

    type: Literal["date"]
    operator: Literal["=", "<=", ">="] = "="
    default: str | None = Field(default=None, pattern=DAY)


class StaticNumber(_StaticFilter):
    """A number."""

    type: Literal["number"]
    operator: Literal["=", "<=", ">="] = ">="
    default: float | None = None


class StaticText(_StaticFilter):
    """A text; with `values`, one of them."""

    type: Literal["text"]
    operator: Literal["=", "contains"] = "="
    default: str | None = None
    values: list[str] = []


FieldFilter = Dropdown | MultiSelect | Search | DateRange | RelativeDate | NumberRange
StaticFilter = StaticDate | StaticNumber | StaticText
AnyFilter = Annotated[FieldFilter | StaticFilter, Field(discriminator="type")]


class GridRow(Strict):
    """A row of a dashboard: charts side by side, or a heading, or text (Markdown)."""

    heading: str | None = Field(default=None, min_length=1)
    text: str | None = Field(default=None, min_length=1)
    charts: list[AnyChart] = []
    height: int | None = Field(
        default=None, ge=1, le=40, description="In steps of about 50 pixels."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum((self.heading is not None, self.text is not None, bool(self.charts))) != 1:
            raise ValueError("a row has one of `heading`, `text` and `charts`")
        taken = sum(chart.width or 0 for chart in self.charts)
        open_ = sum(chart.width is None for chart in self.charts)
        if taken + open_ > COLUMNS:
            raise ValueError(f"the charts of a row are {taken + open_} columns wide, of {COLUMNS}")
        return self


class Tab(Strict):
    """A tab of a dashboard."""

    name: Name
    rows: list[GridRow] = Field(min_length=1)


class Embed(Strict):
    """How the dashboard may be shown in another product, by a signed address."""

    locked: list[Slug] = Field(
        min_length=1, description="Filters that the address fixes and the viewer cannot change."
    )


class Dashboard(Strict):
    """A dashboard. Its file's name is its key."""

    name: Name
    description: str = Field(min_length=1)
    questions: list[str] = Field(
        min_length=1, description="The questions it answers; shown at its top."
    )
    audience: Audience = Field(
        default="Everyone", description="Whom it is for; the index is in the order of this list."
    )
    collection: str = Field(default="AI spend", description="Metabase's folder; `/` nests.")
    filters: dict[Slug, AnyFilter] = {}
    tabs: list[Tab] = []
    rows: list[GridRow] = []
    embed: Embed | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.tabs) == bool(self.rows):
            raise ValueError("a dashboard has either `tabs` or `rows`")
        keys = [chart.key for chart in self.charts]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"two charts have the id {twice[0]}: give one of them another `id`")
        unknown = {name for chart in self.charts for name in chart.unfiltered} - set(self.filters)
        if self.embed:
            unknown |= set(self.embed.locked) - set(self.filters)
        if unknown:
            raise ValueError(f"there is no filter {sorted(unknown)[0]}")
        return self

    @property
    def charts(self) -> list[AnyChart]:
        return [chart for tab in self.all_tabs for row in tab.rows for chart in row.charts]

    @property
    def all_tabs(self) -> list[Tab]:
        """The tabs; if there are only rows, they are one tab."""
        return self.tabs or [Tab(name=self.name, rows=self.rows)]


def slug(text: str) -> str:
    """A name as an identifier: `Cost per user` is `cost_per_user`."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "chart"
    return words if words[0].isalpha() else f"c_{words}"


def is_slug(text: str) -> bool:
    """Whether a text can be the key of a dashboard, chart or filter."""
    return re.fullmatch(SLUG, text) is not None
