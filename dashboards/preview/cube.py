"""The part of the warehouse that a page contains: for each chart a cube, or its result.

A cube has a mart's rows grouped by everything that its charts show, filter by and count distinct
values of, with sums, counts, minima and maxima. From it the page recomputes the charts' measures
for any value of the filters. A chart with `sql` only has its result.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from dashboards import query
from dashboards.catalog import MARTS
from dashboards.check import sql_of
from dashboards.columns import can_be_summed
from dashboards.compiled import CompiledChart, CompiledDashboard, filter_label
from dashboards.conditions import condition
from dashboards.definition import DateRange, Funnel, RelativeDate
from dashboards.preview.expression import Cube, Tree, UnsupportedError, is_additive, tree_of
from dashboards.preview.sizes import Groups, Sizes, rendered

JsonObject = dict[str, Any]

# Sums of a cube keep this many digits after the point: 100,000 of them are off by five millionths.
DIGITS = 10
# Rows of a cube that make a page no heavier.
FEW = 2_000
# Rows of a column that are written as JSON at a time.
PART = 10_000


@dataclass
class ChartData:
    """A chart's data for the page, with notes about it."""

    source: JsonObject | None
    sql: str
    notes: list[str] = field(default_factory=list)
    error: str | None = None


@dataclass
class Plan:
    """A cube that a chart needs: the filters that it answers, with the SQL of the columns that each
    of them narrows, and the names of those that it does not."""

    chart: CompiledChart
    groups: Groups
    where: str | None
    kept: dict[str, str]
    dropped: list[str]


# What a plan has to know the sizes of before it goes on; in the end it has filters or a plan.
Questions = Iterable[Groups]


class Cubes:
    """The data of one dashboard, read over one connection."""

    def __init__(
        self,
        dashboard: CompiledDashboard,
        connection: duckdb.DuckDBPyConnection,
        today: date,
        rows: int,
        sizes: Sizes,
    ) -> None:
        self._dashboard, self._connection = dashboard, connection
        self._today, self._max_rows = today, rows
        self._cubes: list[Cube] = []
        self._sizes = sizes
        # What is in the cubes, once `charts` was called.
        self.cubes: list[JsonObject] = []

    def charts(self) -> dict[str, ChartData]:
        """The data of all charts; of a chart whose query fails, the error instead."""
        found = {chart.key: ChartData(None, open_sql(chart)) for chart in self._dashboard.charts}
        plans = self._plans(found)
        for chart in self._dashboard.charts:
            data = found[chart.key]
            if data.error:
                continue
            try:
                if plan := plans.get(chart.key):
                    data.source = self._from_cube(plan)
                else:
                    data.source = self._from_answer(chart, self.answer(chart), data)
            except duckdb.Error as error:
                data.error = _message(error)
        for place, cube in enumerate(self._cubes):
            try:
                self.cubes.append(self._filled(cube))
            except duckdb.Error as error:
                self.cubes.append({"rows": 0, "columns": [], "components": []})
                for data in found.values():
                    if data.source and data.source.get("cube") == place:
                        data.source, data.error = None, _message(error)
        return found

    def answer(self, chart: CompiledChart) -> pa.Table:
        """The result of a chart's query with the defaults of its filters. Raises duckdb.Error."""
        return self._table(sql_of(self._dashboard, chart, self._today))

    def _table(self, sql: str) -> pa.Table:
        return self._connection.execute(sql).to_arrow_table()

    # --- cubes

    def _plans(self, found: dict[str, ChartData]) -> dict[str, Plan]:
        """The plans of the charts that the page computes from a cube, by key. All go on together,
        so that what they ask of a mart is counted at once."""
        going = {chart.key: self._plan(chart, found[chart.key]) for chart in self._dashboard.charts}
        plans: dict[str, Plan] = {}
        while going:
            asked: list[Groups] = []
            for key, plan in list(going.items()):
                try:
                    asked += next(plan)
                except StopIteration as ended:
                    del going[key]
                    if ended.value:
                        plans[key] = ended.value
                except duckdb.Error as error:
                    del going[key]
                    found[key].error = _message(error)
            self._learn(asked)
        return plans

    def _learn(self, asked: Iterable[Groups]) -> None:
        """Count together what is going to be asked for."""
        # A chart that cannot be counted has the error when it asks, by itself.
        with suppress(duckdb.Error):
            self._sizes.learn(asked)

    def _plan(
        self, chart: CompiledChart, data: ChartData
    ) -> Generator[Questions, None, Plan | None]:
        """How the page computes the chart from a cube; None if it cannot."""
        mart, where = chart.definition.model, chart.definition.where
        if mart is None:
            return None
        wanted = dict(self._wired(chart))
        if chart.lists_hidden_people or chart.counts_hidden_people:
            reason = (
                "it could leave too few people"
                if chart.lists_hidden_people
                else "it counts people, of whom the page would need a row for each"
            )
            if wanted:
                data.notes.append(self._not_by(wanted, reason))
            return None
        try:
            needed = _needed(chart, mart, set())
        except UnsupportedError as error:
            data.notes.append(self._not_by(wanted, str(error)))
            return None
        # Nothing is read for this, but a column that does not exist is this chart's error alone.
        self._connection.execute(f"explain {sql_of(self._dashboard, chart, self._today)}")
        bare = Groups(mart, frozenset([where]), needed)
        kept = yield from self._fitting(bare, wanted)
        if dropped := [name for name in wanted if name not in kept]:
            takes = _about(self._sizes.of(_with(bare, wanted.values())))
            most = (
                f"it would take about {takes} rows, and a page holds {self._max_rows:,} of a mart"
            )
            data.notes.append(self._not_by(dropped, most))
        if not self._fits(bare):
            return None
        where = self._with_defaults(chart, where, kept)
        days = set(kept.values())
        columns = _needed(chart, mart, days) | days
        if where:
            columns |= {_as_column(where)}
        groups = Groups(mart, frozenset([where]), columns)
        yield [groups]
        return Plan(chart, groups, where, kept, dropped)

    def _from_cube(self, plan: Plan) -> JsonObject:
        cube = self._joined(plan)
        source = _described(plan.chart, cube, set(plan.kept.values()))
        source["cube"] = self._cubes.index(cube)
        if plan.where:
            source["where"] = cube.column(_as_column(plan.where))
        source["filters"] = {name: cube.column(sql) for name, sql in plan.kept.items()}
        source["missing"] = plan.dropped
        source["order"] = _order(plan.chart)
        source["limit"] = plan.chart.definition.limit
        return source

    def _not_by(self, filters: Iterable[str], reason: str) -> str:
        definitions = self._dashboard.definition.filters
        labels = ", ".join(filter_label(name, definitions[name]) for name in filters)
        return f"Not by {labels} on this page: {reason}."

    def _wired(self, chart: CompiledChart) -> Iterator[tuple[str, str]]:
        """The filters of a chart, with the SQL of the column that each one narrows."""
        for wire in chart.wires:
            sql = exp.column(wire.column).sql(dialect="duckdb")
            definition = self._dashboard.definition.filters[wire.filter]
            yield (
                wire.filter,
                _day(sql) if isinstance(definition, DateRange | RelativeDate) else sql,
            )

    def _with_defaults(
        self, chart: CompiledChart, where: str | None, kept: dict[str, str]
    ) -> str | None:
        """A chart's condition, including the defaults of filters for which its cube has no
        column."""
        conditions = [where] if where else []
        for wire in chart.wires:
            definition = self._dashboard.definition.filters[wire.filter]
            if wire.filter not in kept and definition.default not in (None, []):
                column = exp.column(wire.column).sql(dialect="duckdb")
                conditions.append(condition(definition, column, definition.default, self._today))
        return " and ".join(f"({one.strip()}\n)" for one in conditions) or None

    def _fitting(
        self, bare: Groups, wanted: dict[str, str]
    ) -> Generator[Questions, None, dict[str, str]]:
        """As many filters as fit: those on days first, since most questions have one, then those
        with few values."""
        # Of all rows, so that the charts of a mart ask for the same.
        alone = {
            name: Groups(bare.mart, frozenset([None]), frozenset([sql]))
            for name, sql in wanted.items()
        }
        yield [bare, _with(bare, wanted.values()), *alone.values()]
        if self._fits(_with(bare, wanted.values())):
            return wanted

        def rank(name: str) -> tuple[bool, int]:
            definition = self._dashboard.definition.filters[name]
            is_day = isinstance(definition, DateRange | RelativeDate)
            return not is_day, self._sizes.of(alone[name])

        kept: dict[str, str] = {}
        left = sorted(wanted, key=rank)
        while left:
            # As if all fitted, to ask for them together; after the first that does not, again.
            tried = [
                _with(bare, [*kept.values(), *(wanted[name] for name in left[: place + 1])])
                for place in range(len(left))
            ]
            yield tried
            fitting = 0
            while fitting < len(left) and self._fits(tried[fitting]):
                fitting += 1
            kept |= {name: wanted[name] for name in left[:fitting]}
            left = left[fitting + 1 :]
        return kept

    def _fits(self, groups: Groups) -> bool:
        """Whether a cube is small enough for a page."""
        return self._sizes.of(groups) <= self._max_rows

    def _joined(self, plan: Plan) -> Cube:
        """The cube that a chart reads: one that other charts read too, unless together they would
        take more rows than apart."""
        mart, conditions, columns = plan.groups
        rows = self._sizes.of(plan.groups)
        together = {
            place: Groups(mart, conditions.union(cube.conditions), columns.union(cube.columns))
            for place, cube in enumerate(self._cubes)
            if cube.mart == mart
        }
        self._learn(together.values())
        for place, groups in together.items():
            cube = self._cubes[place]
            size = self._sizes.of(groups)
            if size <= min(max(cube.rows + rows, FEW), self._max_rows):
                break
        else:
            cube, size = Cube(mart), rows
            self._cubes.append(cube)
        for column in sorted(columns):
            cube.column(column)
        cube.conditions.append(plan.where)
        cube.rows = size
        return cube

    def _filled(self, cube: Cube) -> JsonObject:
        table = self._table(_select(cube.mart, cube.conditions, cube.columns, cube.components))
        places = len(cube.columns)
        return {
            "rows": table.num_rows,
            "columns": [_column(table.column(place)) for place in range(places)],
            "components": [
                _numbers(table.column(place)) for place in range(places, table.num_columns)
            ],
        }

    # --- answers

    def _from_answer(self, chart: CompiledChart, answer: pa.Table, data: ChartData) -> JsonObject:
        """The result with the filters at their defaults, cut off if it is too long."""
        if answer.num_rows > self._max_rows:
            data.notes.append(
                f"Cut: the first {self._max_rows:,} of {answer.num_rows:,} rows are in the preview."
            )
            answer = answer.slice(0, self._max_rows)
        names = [one.name for one in chart.fields]
        narrowing = {wire.filter: wire.column for wire in chart.wires}
        columns = {
            name: column for name, column in narrowing.items() if column in answer.column_names
        }
        if chart.definition.model is not None or chart.lists_hidden_people:
            # Part of an aggregate's result would be wrong, and part of the people too few.
            columns = {}
        kept = list(dict.fromkeys([*names, *columns.values()]))
        missing = [*(name for name in narrowing if name not in columns), *chart.variables]
        return {
            "columns": [_column(answer.column(name)) for name in kept],
            "rows": answer.num_rows,
            "outputs": [["column", kept.index(name)] for name in names],
            "filters": {name: kept.index(column) for name, column in columns.items()},
            "missing": list(dict.fromkeys(missing)),
            "additive": [can_be_summed(one, chart.template) for one in chart.fields],
        }


def _with(groups: Groups, columns: Iterable[str]) -> Groups:
    return groups._replace(columns=groups.columns.union(columns))


def _message(error: duckdb.Error) -> str:
    return str(error).split("\n\nLINE")[0].strip()


def open_sql(chart: CompiledChart) -> str:
    """A chart's query on DuckDB. Where the values of filters belong are the calls that definitions
    have, `{{ filters('mart') }}` and `{{ variable('name') }}`: the page fills them in."""
    return query.render(
        chart.template,
        "duckdb",
        MARTS,
        lambda mart: f"{{{{ filters('{mart}') }}}}",
        lambda name: f"{{{{ variable('{name}') }}}}",
    )


def _needed(chart: CompiledChart, mart: str, days: Container[str]) -> frozenset[str]:
    """The columns that a chart shows or counts. Raises UnsupportedError."""
    scratch = Cube(mart)
    _described(chart, scratch, days)
    return frozenset(scratch.columns)


def _described(chart: CompiledChart, cube: Cube, days: Container[str]) -> JsonObject:
    """A chart's columns in terms of a cube, in which the page finds the periods of `days` itself.
    Raises UnsupportedError."""
    if isinstance(chart.definition, Funnel) and chart.definition.x is None:
        steps = [
            [select.selects[1].this.name, tree_of(select.selects[2].this, cube)]
            for select in _steps(query.parse(chart.template))
        ]
        return {"steps": steps}
    outputs: list[list[object]] = []
    additive = []
    for one in chart.fields:
        tree: Tree = None
        if one in chart.dimensions:
            outputs.append(_dimension(one.sql or "", cube, days))
        else:
            tree = tree_of(query.parse(one.sql or ""), cube)
            outputs.append(["measure", tree])
        additive.append(is_additive(tree))
    return {"outputs": outputs, "additive": additive}


def _dimension(sql: str, cube: Cube, days: Container[str]) -> list[object]:
    tree = query.parse(sql)
    if isinstance(tree, exp.Anonymous) and tree.name.lower() == query.PERIOD:
        grain, day = tree.expressions
        if (column := _day(day.sql(dialect="duckdb"))) in days:
            return ["column", cube.column(column), grain.name]
    # In one spelling, so that equal expressions compare as equal.
    return ["column", cube.column(tree.sql(dialect="duckdb"))]


def _day(sql: str) -> str:
    return f"cast({sql} as date)"


def _as_column(where: str) -> str:
    return f"({where.strip()}\n)"


def _steps(tree: exp.Expr) -> Iterator[exp.Select]:
    """The queries of a `union all`, in order."""
    if isinstance(tree, exp.Select):
        yield tree
    else:
        yield from _steps(tree.this)
        yield from _steps(tree.expression)


def _order(chart: CompiledChart) -> list[tuple[int, bool]]:
    """How the rows are sorted: the position of the column, and whether the largest comes first."""
    order = query.parse(chart.template).args.get("order")
    if order is None:
        return []
    return [
        (int(one.this.name) - 1, bool(one.args.get("desc")))
        for one in order.expressions
        if isinstance(one.this, exp.Literal)
    ]


def _select(
    mart: str, conditions: Iterable[str | None], columns: list[str], components: list[str]
) -> str:
    selected = [f'{rendered(sql)} as "c{place}"' for place, sql in enumerate(columns)]
    selected += [f'{_as_number(sql)} as "m{place}"' for place, sql in enumerate(components)]
    sql = f'select {", ".join(selected)} from {MARTS}."{mart}"'
    known = list(dict.fromkeys(conditions))
    if None not in known:
        sql += f" where {' or '.join(_as_column(one) for one in known if one)}"
    if columns:
        # In order, so that a page is the same each time, and small once it is packed.
        places = ", ".join(str(place + 1) for place in range(len(columns)))
        sql += f" group by {places} order by {places}"
    return sql


def _as_number(sql: str) -> str:
    return f"cast({sql} as double)" if sql.startswith("sum(") else sql


# --- columns as JSON


def _column(column: pa.ChunkedArray) -> JsonObject:
    """The distinct values, and for each row the position of its value."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], column.type)
    if _is_number(whole.type) and not pa.types.is_integer(whole.type):
        whole = _rounded(whole)
    coded = pc.dictionary_encode(whole, null_encoding="encode")
    return {"values": _json(coded.dictionary), "codes": _json(coded.indices)}


def _numbers(column: pa.ChunkedArray) -> msgspec.Raw:
    if _is_number(column.type) and not pa.types.is_integer(column.type):
        column = _rounded(column)
    return _json(column)


def _json(column: pa.Array | pa.ChunkedArray) -> msgspec.Raw:
    """A column as a list in JSON. Python's own numbers would take ten times as much memory, so only
    a part of the column is made of them at a time."""
    parts = [
        msgspec.json.encode([_plain(value) for value in column.slice(begin, PART).to_pylist()])
        for begin in range(0, len(column), PART)
    ]
    return msgspec.Raw(b"[" + b",".join(part[1:-1] for part in parts) + b"]")


def _rounded(numbers: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.round(pc.cast(numbers, pa.float64()), ndigits=DIGITS)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _plain(value: object) -> object:
    """A value for JSON: None for infinite or not a number, and 1 rather than 1.0."""
    if isinstance(value, float):
        if not isfinite(value):
            return None
        return int(value) if value.is_integer() else value
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _about(count: int) -> str:
    """A count with three significant digits, since it may be an estimate."""
    unit = 10 ** max(0, len(str(count)) - 3)
    return f"{round(count / unit) * unit:,}"
