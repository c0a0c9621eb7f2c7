"""From definitions to what is drawn and deployed: columns resolved, filters wired, tiles placed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal

import duckdb
from sqlglot import exp

from dashboards import query
from dashboards.catalog import MARTS, Catalog, Kind
from dashboards.catalog import Column as MartColumn
from dashboards.definition import (
    COLUMNS,
    AnyChart,
    AnyFilter,
    Column,
    Dashboard,
    Dimension,
    Format,
    Funnel,
    GridRow,
    Measure,
    Pie,
    Scalar,
    Scatter,
    StaticDate,
    StaticNumber,
    StaticText,
    Table,
    slug,
)

Path = tuple[str | int, ...]
Part = Dimension | Measure | Column

# Grid rows by type, as Metabase draws them well.
HEIGHTS = {"scalar": 3, "pie": 8, "table": 9, "pivot": 9}
HEIGHT = 6


@dataclass(frozen=True)
class Problem:
    """Something wrong in a definition: where, by the keys that lead there, and what to write."""

    path: Path
    message: str


@dataclass(frozen=True)
class Field:
    """A column of a chart's answer, as it is shown. `sql` is its expression over the model; none
    in a chart with `sql`."""

    name: str
    label: str
    kind: Kind
    format: Format
    decimals: int | None = None
    sql: str | None = None


@dataclass(frozen=True)
class _Draft:
    """A column of a chart as its definition says, before its type is known; `key` is where."""

    key: str
    role: Literal["dimension", "measure", "goal"]
    name: str
    label: str
    format: Format | None
    decimals: int | None
    sql: str | None


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


@dataclass(frozen=True)
class CompiledDashboard:
    """A dashboard ready to be drawn or deployed. `kinds` has the type of each filter's column."""

    key: str
    definition: Dashboard
    tabs: tuple[CompiledTab, ...]
    kinds: dict[str, Kind] = field(default_factory=dict)

    @property
    def charts(self) -> list[CompiledChart]:
        return [tile.chart for tab in self.tabs for tile in tab.tiles if tile.chart]

    @property
    def marts(self) -> list[str]:
        return sorted({mart for chart in self.charts for mart in chart.marts})


def filter_label(name: str, definition: AnyFilter) -> str:
    """What a filter is called on the page."""
    return definition.label or humanized(name)


def humanized(name: str) -> str:
    """A column's name as a label: `effective_cost_usd` is `Effective cost`."""
    words = re.sub(r"_usd$", "", name).replace("_", " ").strip()
    for short in ("api", "id", "roi", "mcp"):
        words = re.sub(rf"\b{short}\b", short.upper(), words)
    return words[:1].upper() + words[1:]


class _Compiler:
    """Compiles one dashboard; problems are gathered, so that one run names them all."""

    def __init__(self, key: str, definition: Dashboard, catalog: Catalog) -> None:
        self.key, self.definition, self.catalog = key, definition, catalog
        self.problems: list[Problem] = []
        self.kinds: dict[str, Kind] = {}
        self.used: set[str] = set()

    def compile(self) -> CompiledDashboard:
        for name, bound in self.definition.filters.items():
            self._filter(name, bound)
        tabs = []
        single = not self.definition.tabs
        for number, tab in enumerate(self.definition.all_tabs):
            path: Path = () if single else ("tabs", number)
            tabs.append(CompiledTab(tab.name, tuple(self._tiles(tab.rows, (*path, "rows")))))
        for name in self.definition.filters:
            if name not in self.used and not any(
                problem.path[:2] == ("filters", name) for problem in self.problems
            ):
                self._problem(
                    ("filters", name), f"the filter {name} narrows no chart: bind it to a column"
                )
        return CompiledDashboard(self.key, self.definition, tuple(tabs), self.kinds)

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
            wanted = _KINDS[bound.type]
            if column.kind not in wanted:
                fitting = [kind for kind, kinds in _KINDS.items() if column.kind in kinds]
                self._problem(
                    (*path, "type"),
                    f"a {bound.type} filter needs a column of {' or '.join(wanted)}, and {text} is "
                    f"{column.kind}: use {', '.join(fitting)}",
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
        if not self._knows_model(model, path):
            return None
        columns = self.catalog.models[model].columns
        if name not in columns:
            self._problem(path, f"{model} has no column {name}{_meant(name, columns)}")
            return None
        return columns[name]

    def _knows_model(self, model: str, path: Path) -> bool:
        if model in self.catalog.models:
            return True
        self._problem(path, f"there is no mart {model}{_meant(model, self.catalog.models)}")
        return False

    def _narrowed(self, name: str, mart: str) -> str | None:
        """The mart's column that a filter narrows: the one bound, or one of the same name."""
        bound = [text.partition(".")[::2] for text in self.definition.filters[name].column]
        for model, column in bound:
            if model == mart:
                return column
        columns = self.catalog.models[mart].columns
        return next((column for _, column in bound if column in columns), None)

    def _wires(self, template: str, unfiltered: Iterable[str]) -> Iterator[Wire]:
        tags: set[str] = set(query.slots_in(template, query.VARIABLE))
        for mart in query.slots_in(template, query.FILTERS):
            for name in self.definition.filters:
                column = None if name in unfiltered else self._narrowed(name, mart)
                if column is None:
                    continue
                tag, number = name, 2
                while tag in tags:
                    tag, number = f"{name}_{number}", number + 1
                tags.add(tag)
                yield Wire(name, mart, column, tag)

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
                compiled = self._chart(chart, (*where, "charts", index))
                if compiled:
                    yield Tile(top, left, width, height, chart=compiled)
                left += width
            top += height

    # --- charts

    def _chart(self, chart: AnyChart, path: Path) -> CompiledChart | None:
        before = len(self.problems)
        if chart.model is not None and not self._knows_model(chart.model, (*path, "model")):
            return None
        template, drafts = self._shape(chart, path)
        if len(self.problems) > before:
            return None
        try:
            answer = {column.name: column for column in self.catalog.answer(self.bare(template))}
        except duckdb.Error as error:
            self._problem((*path, "sql" if chart.sql else "model"), _said(error))
            return None
        fields = [self._resolved(draft, answer, chart, path) for draft in drafts]
        by_role = {
            role: tuple(
                one for one, draft in zip(fields, drafts, strict=True) if draft.role == role
            )
            for role in ("dimension", "measure", "goal")
        }
        compiled = CompiledChart(
            key=f"{self.key}.{chart.key}",
            path=path,
            definition=chart,
            template=template,
            fields=tuple(fields),
            dimensions=by_role["dimension"],
            measures=by_role["measure"],
            goal=next(iter(by_role["goal"]), None),
            wires=tuple(self._wires(template, chart.unfiltered)),
            variables=tuple(query.slots_in(template, query.VARIABLE)),
            marts=tuple(query.marts_in(template)),
        )
        self.used |= {wire.filter for wire in compiled.wires} | set(compiled.variables)
        self._check_filters(compiled, path)
        self._check_locked(compiled, path)
        self._check_kinds(compiled, path)
        return compiled if len(self.problems) == before else None

    def bare(self, template: str) -> str:
        """A template in DuckDB's SQL with no filter set and static ones at their defaults."""
        return query.render(template, "duckdb", MARTS, lambda _mart: "true", self._default)

    def _default(self, name: str) -> str:
        definition = self.definition.filters[name]
        return literal(definition, definition.default)

    def _shape(self, chart: AnyChart, path: Path) -> tuple[str, list[_Draft]]:
        """A chart's template and its columns, as far as the definition says what they are."""
        drafts = [self._draft(key, part, chart, (*path, key)) for key, part in _parts(chart)]
        names = [draft.name for draft in drafts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            self._problem(path, f"two columns are called {twice[0]}: give one a `label`")
        if chart.sql is not None:
            return self._sql(chart, path), drafts
        if chart.where:
            try:
                self._knows_columns(chart.where, chart.model or "")
            except query.QueryError as error:
                self._problem((*path, "where"), str(error))
        if isinstance(chart, Funnel) and chart.x is None:
            steps = [query.Output(draft.label, draft.sql or "", is_group=False) for draft in drafts]
            step = replace(drafts[0], role="dimension", name="step", label="Step", format=None)
            value = replace(drafts[0], name="value", label=chart.name)
            return query.steps_of_model(chart, steps, self._day(chart)), [step, value]
        outputs = [
            query.Output(draft.name, draft.sql or "", is_group=draft.role == "dimension")
            for draft in drafts
        ]
        order = _order(chart, drafts)
        return query.of_model(chart, outputs, order, self._day(chart)), drafts

    def _sql(self, chart: AnyChart, path: Path) -> str:
        try:
            template = query.of_sql(
                chart, {model.name: model.day for model in self.catalog.models.values()}
            )
            for name in query.slots_in(template, query.VARIABLE):
                definition = self.definition.filters.get(name)
                if not isinstance(definition, StaticDate | StaticNumber | StaticText):
                    raise query.QueryError(f"there is no static filter {name} (date, number, text)")
                if definition.default is None:
                    raise query.QueryError(f"the filter {name} needs a `default`: a query uses it")
            query.parse(template)
        except query.QueryError as error:
            self._problem((*path, "sql"), str(error))
            return ""
        return template

    def _draft(self, key: str, part: Part, chart: AnyChart, path: Path) -> _Draft:
        is_measure = _is_measure(part, chart)
        name, sql = part.value, None
        if chart.sql is not None:
            if getattr(part, "grain", None):
                self._problem(path, "with `sql` the query groups by the period itself")
        else:
            name = _name(part, chart)
            try:
                self._knows_columns(part.value, chart.model or "")
                if is_measure:
                    sql = query.measure(part.value, self._ratios(chart.model or ""))
                else:
                    sql = query.dimension(part.value, getattr(part, "grain", None))
            except query.QueryError as error:
                self._problem(path, str(error))
        role: Literal["dimension", "measure", "goal"] = "measure" if is_measure else "dimension"
        return _Draft(
            key=key,
            role="goal" if key == "goal" else role,
            name=name,
            label=part.label or humanized(name),
            format=part.format,
            decimals=getattr(part, "decimals", None),
            sql=sql,
        )

    def _knows_columns(self, sql: str, model: str) -> None:
        """Raises QueryError if an expression has a column that the model has not."""
        columns = self.catalog.models[model].columns
        for found in query.parse(sql).find_all(exp.Column):
            if found.name not in columns:
                meant = _meant(found.name, columns)
                raise query.QueryError(f"{model} has no column {found.name}{meant}")

    def _day(self, chart: AnyChart) -> str | None:
        return self.catalog.models[chart.model or ""].day

    def _ratios(self, model: str) -> list[str]:
        columns = self.catalog.models[model].columns.values()
        return [column.name for column in columns if column.is_ratio]

    def _resolved(
        self, draft: _Draft, answer: dict[str, MartColumn], chart: AnyChart, path: Path
    ) -> Field:
        """A column with the type that the query returns and the format that goes with it."""
        column = answer.get(draft.name)
        if column is None:
            self._problem(
                (*path, draft.key), f"the query returns no {draft.name}{_meant(draft.name, answer)}"
            )
            column = MartColumn(draft.name, "text")
        known = self.catalog.models[chart.model].columns if chart.model else {}
        derived = _format(draft.sql, known) if draft.sql and draft.role != "dimension" else None
        return Field(
            name=draft.name,
            label=draft.label,
            kind=column.kind,
            format=draft.format or derived or column.format,
            decimals=draft.decimals,
            sql=draft.sql,
        )

    def _check_filters(self, chart: CompiledChart, path: Path) -> None:
        """With `sql`, a filter that could narrow a mart must be let in or left out on purpose."""
        slots = query.slots_in(chart.template, query.FILTERS)
        for name in self.definition.filters:
            if name in (*chart.definition.unfiltered, *chart.variables):
                continue
            if any(self._narrowed(name, mart) for mart in slots):
                continue
            for mart in chart.marts:
                if column := self._narrowed(name, mart):
                    self._problem(
                        (*path, "sql"),
                        f"the filter {name} is left out, and {mart} has {column}: write `where "
                        f"{{{{ filters('{mart}') }}}}`, or list it in `unfiltered`",
                    )
                    break

    def _check_locked(self, chart: CompiledChart, path: Path) -> None:
        """Every chart of a dashboard that is shown elsewhere is narrowed by what is locked: one
        that is not would show the viewer what is other people's."""
        narrowed = {wire.filter for wire in chart.wires} | set(chart.variables)
        for name in self.definition.embed.locked if self.definition.embed else ():
            if name not in narrowed:
                self._problem(
                    path,
                    f"{chart.definition.name} is not narrowed by {name}, which is locked where the "
                    f"dashboard is shown: ask a mart that has its column, or leave the chart out",
                )

    def _check_kinds(self, chart: CompiledChart, path: Path) -> None:
        """Columns of a kind that the type of chart can draw."""
        definition = chart.definition
        for one in chart.measures:
            is_drawable = one.kind in _NUMBERS or isinstance(definition, Table)
            if not is_drawable and not (isinstance(definition, Scalar) and one.kind in _DATES):
                self._problem(path, f"{one.name} is {one.kind}: a {definition.type} needs a number")
        if (
            isinstance(definition, Scalar)
            and definition.x
            and chart.dimensions[0].kind not in _DATES
        ):
            self._problem((*path, "x"), "the trend of a scalar is over a date: `day by month`")
        if isinstance(definition, Pie) and definition.limit:
            self._problem((*path, "limit"), "a pie shows a whole, which `limit` would cut")
        if isinstance(definition, Table) and definition.sort:
            wanted = definition.sort.lstrip("-")
            shown = {name for one in chart.fields for name in (one.label, one.name)}
            if definition.sql is not None:
                self._problem((*path, "sort"), "with `sql` the query sorts itself: use `order by`")
            elif wanted not in shown:
                self._problem(
                    (*path, "sort"), f"no column is called {wanted}{_meant(wanted, shown)}"
                )


def _format(sql: str, columns: dict[str, MartColumn]) -> Format | None:
    """The format of a quotient, by what it divides; none of what is no quotient."""
    division = query.parse(sql).find(exp.Div)
    if division is None:
        return None

    def formats(part: exp.Expr) -> set[Format]:
        found = part.find_all(exp.Column)
        return {columns[one.name].format for one in found if one.name in columns}

    above, below = formats(division.this), formats(division.expression)
    if "usd" in above and "usd" not in below:
        return "usd"
    return "percent" if above == below else "decimal"


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f": did you mean {' or '.join(close)}?" if close else ""


def _said(error: duckdb.Error) -> str:
    """DuckDB's message without the copy of the query."""
    return "\n".join(str(error).split("\n\nLINE")[0].splitlines()).strip()


def _widths(row: GridRow) -> list[int]:
    """The widths of a row's charts; those not given share what is left."""
    open_ = sum(chart.width is None for chart in row.charts)
    left = COLUMNS - sum(chart.width or 0 for chart in row.charts)
    shares = [left // open_ + (1 if i < left % open_ else 0) for i in range(open_)] if open_ else []
    return [chart.width or shares.pop(0) for chart in row.charts]


def _parts(chart: AnyChart) -> list[tuple[str, Part]]:
    """What a chart shows, with the keys that hold it, in the order of the answer."""
    if isinstance(chart, Scatter):
        keys = ["points", "x", "y", "size"]
    else:
        keys = ["rows", "x", "series", "columns", "values", "y", "goal"]
    values = [(key, getattr(chart, key, None)) for key in keys]
    listed = [(key, value if isinstance(value, list) else [value]) for key, value in values]
    return [
        (key, part)
        for key, parts in listed
        for part in parts
        if isinstance(part, Dimension | Measure | Column)
    ]


def _is_measure(part: Part, chart: AnyChart) -> bool:
    """In a table over a model an aggregate makes a measure; with `sql` a number does not."""
    if not isinstance(part, Column):
        return isinstance(part, Measure)
    if chart.sql is not None or part.grain:
        return False
    try:
        return query.parse(part.value).find(exp.AggFunc) is not None
    except query.QueryError:
        return False


def _name(part: Part, chart: AnyChart) -> str:
    """A column's name in the answer of a chart over a model: its label's; a period's; that of the
    column it is, or sums; the chart's."""
    if part.label:
        return slug(part.label)
    if grain := getattr(part, "grain", None):
        return str(grain)
    match = re.fullmatch(r"(?:(?:sum|max|min|avg)\s*\(\s*)?(\w+)\s*\)?", part.value)
    return match[1] if match else slug(chart.name)


def _order(chart: AnyChart, drafts: list[_Draft]) -> list[str]:
    """`order by` of a chart over a model: by x, or as `sort` says."""
    groups = [str(i) for i, draft in enumerate(drafts, start=1) if draft.role == "dimension"]
    first = next((i for i, draft in enumerate(drafts, start=1) if draft.role == "measure"), None)
    sort = getattr(chart, "sort", None)
    if isinstance(chart, Table):
        wanted = (sort or "").lstrip("-")
        for position, draft in enumerate(drafts, start=1):
            if wanted in (draft.label, draft.name):
                turned = " desc" if sort and sort.startswith("-") else ""
                rest = [group for group in groups if group != str(position)]
                return [f"{position}{turned} nulls last", *rest]
        return groups
    if sort == "y" or isinstance(chart, Pie | Scatter):
        return [f"{first} desc nulls last", *groups]
    return groups


_DATES: tuple[Kind, ...] = ("date", "datetime")
_NUMBERS: tuple[Kind, ...] = ("number", "money", "count")
_TEXTS: tuple[Kind, ...] = ("text",)
_KINDS: dict[str, tuple[Kind, ...]] = {
    "dropdown": _TEXTS,
    "multi_select": _TEXTS,
    "search": _TEXTS,
    "date_range": _DATES,
    "relative_date": _DATES,
    "number_range": _NUMBERS,
    "date": _DATES,
    "number": _NUMBERS,
    "text": _TEXTS,
}


def literal(definition: AnyFilter, value: object) -> str:
    """A static filter's value in DuckDB's SQL."""
    if isinstance(definition, StaticDate):
        return f"date '{value}'"
    if isinstance(definition, StaticNumber):
        return str(value)
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"


def compile_dashboard(
    key: str, definition: Dashboard, catalog: Catalog
) -> tuple[CompiledDashboard, list[Problem]]:
    """A dashboard with its charts resolved against the marts, and all that is wrong with it.

    With problems, the charts that have one are missing from its tabs.
    """
    compiler = _Compiler(key, definition, catalog)
    return compiler.compile(), compiler.problems
