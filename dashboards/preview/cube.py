"""The part of the warehouse that a page contains: for each chart a cube, or its result.

A cube has a mart's rows grouped by everything that its charts show, filter by and count distinct
values of, with sums, counts, minima and maxima. From it the page recomputes the charts' measures
for any value of the filters. A chart with `sql` only has its result.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from math import isfinite
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from dashboards import query
from dashboards.catalog import MARTS
from dashboards.catalog import Column as MartColumn
from dashboards.check import sql_of
from dashboards.compiled import CompiledChart, CompiledDashboard, Field, filter_label
from dashboards.conditions import condition
from dashboards.definition import DateRange, Funnel, RelativeDate
from dashboards.preview.expression import Cube, Tree, UnsupportedError, is_additive, tree_of

JsonObject = dict[str, Any]

# Sums of a cube keep this many digits after the point: 100,000 of them are off by five millionths.
DIGITS = 10
# Rows of a column that are written as JSON at a time.
PART = 10_000


@dataclass
class ChartData:
    """A chart's data for the page, with notes about it."""

    source: JsonObject | None
    sql: str
    rows: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    answer: pa.Table | None = None


# Rows of a mart, under any of some conditions, grouped by columns, estimated or counted: several
# charts need the same.
Counts = dict[tuple[str, frozenset[str | None], frozenset[str], bool], int]


class Cubes:
    """The data of one dashboard, read over one connection."""

    def __init__(
        self,
        dashboard: CompiledDashboard,
        connection: duckdb.DuckDBPyConnection,
        today: date,
        rows: int,
        counts: Counts,
    ) -> None:
        self._dashboard, self._connection = dashboard, connection
        self._today, self._max_rows = today, rows
        self._cubes: list[Cube] = []
        self._counts = counts

    def chart(self, chart: CompiledChart) -> ChartData:
        """A chart's data; if its query fails, the error instead."""
        data = ChartData(None, open_sql(chart))
        start = time.perf_counter()
        try:
            answer = self._table(sql_of(self._dashboard, chart, self._today))
            data.seconds = time.perf_counter() - start
            data.rows, data.answer = answer.num_rows, answer
            data.source = self._from_cube(chart, data) or self._from_answer(chart, answer, data)
        except duckdb.Error as error:
            data.error = str(error).split("\n\nLINE")[0].strip()
        return data

    def cubes(self) -> list[JsonObject]:
        """All cubes that the charts need; to be called after `chart` was called for each."""
        return [self._filled(cube) for cube in self._cubes]

    def _table(self, sql: str) -> pa.Table:
        return self._connection.execute(sql).to_arrow_table()

    # --- cubes

    def _from_cube(self, chart: CompiledChart, data: ChartData) -> JsonObject | None:
        """How the page computes the chart from a cube; None if it cannot."""
        definition = chart.definition
        mart, where = definition.model, definition.where
        if mart is None:
            return None
        wanted = dict(self._wired(chart))
        if chart.lists_hidden_people:
            data.notes.append(self._not_by(wanted, "it could leave too few people"))
            return None
        try:
            needed = _needed(chart, mart, set())
        except UnsupportedError as error:
            data.notes.append(self._not_by(wanted, str(error)))
            return None
        kept = self._fitting(mart, where, needed, wanted)
        if dropped := [name for name in wanted if name not in kept]:
            takes = _about(self._count(mart, [where], needed | set(wanted.values())))
            most = (
                f"it would take about {takes} rows, and a page holds {self._max_rows:,} of a mart"
            )
            data.notes.append(self._not_by(dropped, most))
        if not self._fits(mart, where, needed):
            return None
        where = self._with_defaults(chart, where, kept)
        days = set(kept.values())
        cube = self._joined(mart, where, _needed(chart, mart, days) | days)
        source = _described(chart, cube, days)
        source["cube"] = self._cubes.index(cube)
        if where:
            source["where"] = cube.column(_as_column(where))
        source["filters"] = {name: cube.column(sql) for name, sql in kept.items()}
        source["missing"] = dropped
        source["order"] = _order(chart)
        source["limit"] = definition.limit
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
        self, mart: str, where: str | None, needed: frozenset[str], wanted: dict[str, str]
    ) -> dict[str, str]:
        """As many filters as fit: those on days first, since most questions have one, then those
        with few values."""
        if self._fits(mart, where, needed | set(wanted.values())):
            return wanted

        def rank(name: str) -> tuple[bool, int]:
            definition = self._dashboard.definition.filters[name]
            is_day = isinstance(definition, DateRange | RelativeDate)
            return not is_day, self._estimate(mart, [where], frozenset([wanted[name]]))

        kept: dict[str, str] = {}
        for name in sorted(wanted, key=rank):
            tried = needed | set(kept.values()) | {wanted[name]}
            if self._fits(mart, where, tried):
                kept[name] = wanted[name]
        return kept

    def _fits(self, mart: str, where: str | None, columns: frozenset[str]) -> bool:
        """Whether a cube of these columns is small enough for a page."""
        about = self._estimate(mart, [where], columns)
        if self._max_rows / 2 < about < self._max_rows * 2:
            about = self._count(mart, [where], columns)
        return about <= self._max_rows

    def _count(self, mart: str, conditions: Iterable[str | None], columns: frozenset[str]) -> int:
        """How many rows a cube of these columns has: exact unless they are far too many."""
        about = self._estimate(mart, conditions, columns)
        if about > self._max_rows * 2:
            return about
        return self._rows(mart, conditions, columns, is_exact=True)

    def _estimate(
        self, mart: str, conditions: Iterable[str | None], columns: frozenset[str]
    ) -> int:
        """About how many, surely over half and under twice as many, in a third of the time."""
        return self._rows(mart, conditions, columns, is_exact=False)

    def _rows(
        self,
        mart: str,
        conditions: Iterable[str | None],
        columns: frozenset[str],
        *,
        is_exact: bool,
    ) -> int:
        if not columns:
            return 1
        key = (mart, frozenset(conditions), columns, is_exact)
        if key not in self._counts:
            count = "count(distinct " if is_exact else "approx_count_distinct("
            rows = f"hash({', '.join(map(_rendered, sorted(columns)))})"
            self._counts[key] = self._number(mart, key[1], f"{count}{rows})")
        return self._counts[key]

    def _number(self, mart: str, conditions: Iterable[str | None], sql: str) -> int:
        (row,) = self._connection.execute(_select(mart, conditions, [], [sql])).fetchall()
        return int(row[0])

    def _joined(self, mart: str, where: str | None, columns: frozenset[str]) -> Cube:
        """The cube that a chart reads: one that other charts read too, unless together they would
        take more rows than apart."""
        if where:
            columns |= {_as_column(where)}
        rows = self._count(mart, [where], columns)
        for cube in self._cubes:
            if cube.mart != mart:
                continue
            together = self._count(
                mart, [*cube.conditions, where], columns | frozenset(cube.columns)
            )
            if together <= min(cube.rows + rows, self._max_rows):
                break
        else:
            cube, together = Cube(mart), rows
            self._cubes.append(cube)
        for column in sorted(columns):
            cube.column(column)
        cube.conditions.append(where)
        cube.rows = together
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
            "additive": [_sums(one) for one in chart.fields],
        }


def _sums(one: Field) -> bool:
    """Whether a number of a query can be summed, as far as its type and its name tell."""
    return one.kind in ("money", "count") and not MartColumn(one.name, "number").is_ratio


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
    selected = [f'{_rendered(sql)} as "c{place}"' for place, sql in enumerate(columns)]
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


@cache
def _rendered(sql: str) -> str:
    """A column in DuckDB's SQL; only the periods have to be replaced."""
    if query.PERIOD not in sql.lower():
        return sql
    rendered = query.render(f"select {sql}", "duckdb", MARTS, lambda _: "", lambda _: "")
    return rendered.strip()[len("select") :]


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
