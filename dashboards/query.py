"""The SQL of a chart: written once in DuckDB's SQL, rendered for each warehouse and use.

A chart's template is a query that sqlglot can parse. What differs is written as a call:
`filters__('mart')` where the dashboard's filters belong, `variable__('name')` for the value of a
static filter, `period__('month', day)` for the first day of a period, `named__(column)` for a code
that people know by a name. Marts are in the schema `marts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import jinja2
import sqlglot
from jinja2.sandbox import SandboxedEnvironment
from sqlglot import exp

from dashboards.catalog import MARTS
from dashboards.definition import Chart, Grain
from dashboards.names import NAMED, Names

Dialect = Literal["duckdb", "bigquery"]

FILTERS, VARIABLE, PERIOD = "filters__", "variable__", "period__"

_SLOT = re.compile(rf"\b(?P<kind>{FILTERS}|{VARIABLE})\('(?P<name>[^']*)'\)", re.IGNORECASE)


class QueryError(Exception):
    """A query or an expression cannot be used; the message says what to write instead."""


@dataclass(frozen=True)
class Output:
    """A column in the result of a chart over a model: its name, its SQL, and whether rows are
    grouped by it."""

    name: str
    sql: str
    is_group: bool


def quoted(name: str, dialect: Dialect) -> str:
    """An identifier as SQL."""
    mark = "`" if dialect == "bigquery" else '"'
    return f"{mark}{name}{mark}"


def relation(mart: str, dialect: Dialect, schema: str) -> str:
    """A mart's name as SQL. On BigQuery it is in one pair of backticks, because that is how
    Metabase names the table of a field filter."""
    if dialect == "bigquery":
        return f"`{schema}.{mart}`"
    return f"{quoted(schema, dialect)}.{quoted(mart, dialect)}"


def parse(sql: str) -> exp.Expr:
    """A query or an expression in DuckDB's SQL. Raises QueryError."""
    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        first = str(error).splitlines()[0].replace("\x1b[4m", "").replace("\x1b[0m", "")
        raise QueryError(f"cannot be read as SQL: {first}") from None


def dimension(value: str, grain: Grain | None) -> str:
    """The SQL of a dimension. Raises QueryError."""
    if parse(value).find(exp.AggFunc):
        raise QueryError(f"{value} is an aggregate, but rows are grouped by it")
    return f"{PERIOD}('{grain}', {value})" if grain else value


def named(column: str) -> str:
    """The SQL of a column with codes that people know by names."""
    return f"{NAMED}({column})"


# The aggregates that both engines compute exactly.
_AGGREGATES = (exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg)


def measure(value: str, ratios: Iterable[str]) -> str:
    """The SQL of a measure: a column alone is summed, and a division by zero is null. `ratios` are
    the model's columns that cannot be summed. Raises QueryError."""
    tree = parse(value)
    if isinstance(tree, exp.Column):
        tree = exp.Sum(this=tree)
    aggregates = list(tree.find_all(exp.AggFunc))
    if not aggregates:
        raise QueryError(f"{value} is not an aggregate: write sum(…), count(distinct …), max(…)")
    ratios = set(ratios)
    for aggregate in aggregates:
        if not isinstance(aggregate, _AGGREGATES):
            name = aggregate.sql(dialect="duckdb")
            raise QueryError(
                f"{name} is not supported here: use sum, count, min, max or avg; "
                "for a median, add it to a mart"
            )
        if isinstance(aggregate, exp.Sum | exp.Avg):
            for column in aggregate.find_all(exp.Column):
                if column.name in ratios:
                    raise QueryError(
                        f"{column.name} is a ratio: neither its sum nor its mean is one. "
                        "Divide sums, sum(part) / sum(whole), or take max() of a single row"
                    )
    for column in tree.find_all(exp.Column):
        if not column.find_ancestor(exp.AggFunc, exp.Filter):
            raise QueryError(f"{column.name} in {value} is outside of an aggregate")
    for division in list(tree.find_all(exp.Div)):
        if not isinstance(division.expression, exp.Nullif):
            whole = exp.Nullif(this=division.expression.copy(), expression=exp.Literal.number(0))
            division.set("expression", whole)
    return tree.sql(dialect="duckdb")


def slot(mart: str, day: str | None) -> str:
    """The condition where the filters of a mart belong. BigQuery refuses a query of a fact without
    a condition on its day, and no filter may be set, so there is one that excludes nothing."""
    return f"{FILTERS}('{mart}')" + (f" and {day} >= date '1900-01-01'" if day else "")


def of_model(chart: Chart, outputs: list[Output], order: list[str], day: str | None) -> str:
    """The template of a chart over a model."""
    selected = ",\n    ".join(f'{output.sql} as "{output.name}"' for output in outputs)
    lines = [
        f"select\n    {selected}",
        f'from {MARTS}."{chart.model}"',
        f"where {slot(chart.model or '', day)}",
    ]
    if chart.where:
        lines.append(f"    and ({chart.where.strip()})")
    groups = [str(number) for number, output in enumerate(outputs, start=1) if output.is_group]
    if groups:
        lines.append("group by " + ", ".join(groups))
    if order:
        lines.append("order by " + ", ".join(order))
    if chart.limit:
        lines.append(f"limit {chart.limit}")
    return "\n".join(lines)


def steps_of_model(chart: Chart, steps: list[Output], day: str | None) -> str:
    """The template of a funnel whose steps are measures: a row for each step, in order."""
    where = f"where {slot(chart.model or '', day)}" + (
        f" and ({chart.where})" if chart.where else ""
    )
    return (
        "\nunion all\n".join(
            f"select {number} as position, {exp.Literal.string(step.name).sql()} as step, "
            f'{step.sql} as value\nfrom {MARTS}."{chart.model}"\n{where}'
            for number, step in enumerate(steps, start=1)
        )
        + "\norder by position"
    )


def of_sql(chart: Chart, days: Mapping[str, str | None]) -> str:
    """The template of a chart with `sql`; `days` are the marts, with the day as in `slot`. Raises
    QueryError."""

    def ref(name: str, *, unfiltered: bool = False) -> str:  # noqa: ARG001 - for reads_to_narrow
        if name not in days:
            raise QueryError(f"there is no mart {name}")
        return f'{MARTS}."{name}"'

    def filters(name: str) -> str:
        ref(name)
        return f"({slot(name, days[name])})" if days[name] else slot(name, None)

    sql = _filled(chart, ref=ref, filters=filters, variable=_variable).strip().rstrip(";")
    return f"select * from (\n{sql}\n) as answer\nlimit {chart.limit}" if chart.limit else sql


def reads_to_narrow(chart: Chart) -> list[tuple[str, bool]]:
    """As `reads`, of a chart with `sql`, without the places where it says that it reads a mart
    without its filters. Raises QueryError."""

    def ref(name: str, *, unfiltered: bool = False) -> str:
        return f'"{name}"' if unfiltered else f'{MARTS}."{name}"'

    def filters(name: str) -> str:
        return slot(name, None)

    return reads(_filled(chart, ref=ref, filters=filters, variable=_variable))


def _variable(name: str) -> str:
    return f"{VARIABLE}('{name}')"


def _filled(chart: Chart, **calls: Callable[..., str]) -> str:
    """A chart's `sql` with the answers of its calls. Raises QueryError."""
    # A definition may come from a pull request: it fills in SQL and reaches nothing else.
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
    try:
        return environment.from_string(chart.sql or "").render(**calls)
    except (jinja2.TemplateError, TypeError) as error:
        raise QueryError(f"cannot be rendered: {error}") from None


def marts_in(template: str) -> list[str]:
    """The marts that a template queries, in alphabetical order."""
    return sorted({mart for mart, _ in reads(template)})


def reads(template: str) -> list[tuple[str, bool]]:
    """The mart in each place where a template reads one, and whether the mart's filters narrow it
    there: its own select has them in `where`, as a condition that every row meets. Metabase writes
    them with the mart's name, so they do not narrow one that is read under another."""
    found = []
    for table in parse(template).find_all(exp.Table):
        if mart := _mart(table):
            select = table.find_ancestor(exp.Select)
            where = select.args.get("where") if select else None
            met = _conditions(where.this) if where else ()
            is_renamed = table.alias.lower() not in ("", mart)
            found.append((mart, not is_renamed and any(_is_slot(one, mart) for one in met)))
    return found


def _mart(table: exp.Table) -> str | None:
    """The mart that a table is; the engine reads it under a name in any case."""
    return table.name.lower() if table.db.lower() == MARTS else None


def _conditions(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that are joined by `and`."""
    if isinstance(tree, exp.Paren):
        yield from _conditions(tree.this)
    elif isinstance(tree, exp.And):
        yield from _conditions(tree.this)
        yield from _conditions(tree.expression)
    else:
        yield tree


def _is_slot(tree: exp.Expr, mart: str) -> bool:
    is_call = isinstance(tree, exp.Anonymous) and tree.name.lower() == FILTERS
    return is_call and tree.expressions[0].name == mart


# Of a whole these are the sum of those of its parts.
_SUMS = (exp.Sum, exp.Count, exp.CountIf)


def no_sums_in(template: str) -> set[str]:
    """The names of a template's columns that count distinct values, are of a window, such as a
    running sum, or of another aggregate than a sum or a count, and of those that are made from such
    a column other than as its sum."""
    columns = [(one.alias, one.this) for one in parse(template).find_all(exp.Alias)]
    found: set[str] = set()

    def is_sum(sql: exp.Expr) -> bool:
        used = [one for one in sql.find_all(exp.Column) if not one.find_ancestor(exp.Sum)]
        return (
            not sql.find(exp.Distinct, exp.Window)
            and all(isinstance(one, _SUMS) for one in sql.find_all(exp.AggFunc))
            and all(one.name not in found for one in used)
        )

    while more := {name for name, sql in columns if name not in found and not is_sum(sql)}:
        found |= more
    return found


def slots_in(template: str, kind: str) -> list[str]:
    """The names in the calls of `filters__` or `variable__`, in order, each once."""
    found = [slot["name"] for slot in _SLOT.finditer(template) if slot["kind"].lower() == kind]
    return list(dict.fromkeys(found))


def render(
    template: str,
    dialect: Dialect,
    schema: str,
    filters: Callable[[str], str],
    variable: Callable[[str], str],
    names: Names | None = None,
) -> str:
    """A template as SQL for a warehouse, with the marts in `schema`. `filters` returns the
    condition for the filters of a mart, `variable` the SQL for a static filter's value. With
    `names` the query answers with names instead of codes."""
    tree = parse(template)
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() == PERIOD:
            grain, day = call.expressions
            call.replace(_period(grain.name, day, dialect))
        if call.name.lower() == NAMED:
            (value,) = call.expressions
            call.replace(_named(value, (names or {}).get(_coded(value), {})))
    if dialect == "bigquery":
        # sqlglot turns a day into a timestamp here, and lets weeks begin on Sunday.
        for cut in list(tree.find_all(exp.DateTrunc, exp.TimestampTrunc)):
            grain = cut.args["unit"].name.lower()
            if grain in get_args(Grain):
                cut.replace(_period(grain, cut.this, dialect))
    relations: dict[str, str] = {}
    for table in tree.find_all(exp.Table):
        if mart := _mart(table):
            marker = f"mart__{mart}"
            relations[marker] = relation(mart, dialect, schema)
            table.set("db", None)
            table.set("this", exp.to_identifier(marker))
    sql = tree.sql(dialect=dialect, pretty=True)
    for marker, name in relations.items():
        sql = re.sub(rf"[`\"]?\b{marker}\b[`\"]?", name, sql)

    def fill(slot: re.Match[str]) -> str:
        return (filters if slot["kind"].lower() == FILTERS else variable)(slot["name"])

    return _SLOT.sub(fill, sql)


def coded(value: str) -> str:
    """The column whose codes an expression answers; empty if it is no column's."""
    return _coded(parse(value))


def _coded(value: exp.Expr) -> str:
    if isinstance(value, exp.Case):
        found = {_coded(one) for one in _chosen(value) if not isinstance(one, exp.Literal)}
        return found.pop() if len(found) == 1 else ""
    return value.name if isinstance(value, exp.Column) else ""


def _chosen(case: exp.Case) -> list[exp.Expr]:
    """What a case may answer."""
    default = case.args.get("default")
    return [*(one.args["true"] for one in case.args["ifs"]), *([default] if default else [])]


def _named(value: exp.Expr, names: Mapping[str, str]) -> exp.Expr:
    """The name for each code of a column; a code without one stays as it is."""
    if not names:
        return value.copy()
    if isinstance(value, exp.Literal):
        return exp.Literal.string(names.get(value.name, value.name))
    if isinstance(value, exp.Case):
        case = value.copy()
        for one in _chosen(case):
            one.replace(_named(one, names))
        return case
    chosen = exp.Case()
    for code, name in names.items():
        is_code = exp.EQ(this=value.copy(), expression=exp.Literal.string(code))
        chosen = chosen.when(is_code, exp.Literal.string(name))
    return chosen.else_(value.copy())


def _period(grain: str, day: exp.Expr, dialect: Dialect) -> exp.Expr:
    """The first day of the period that a day is in; weeks begin on Monday."""
    inner = day.sql(dialect=dialect)
    if dialect == "bigquery":
        unit = "isoweek" if grain == "week" else grain
        return exp.maybe_parse(f"date_trunc(date({inner}), {unit})", dialect="bigquery")
    return exp.maybe_parse(f"cast(date_trunc('{grain}', {inner}) as date)", dialect="duckdb")
