"""A pivot in Metabase: two cards, because a pivot table groups by itself and cannot use SQL.

The first card has the rows, unaggregated: dimensions, what is aggregated, and the columns that
filters narrow. The second is from the query builder and aggregates them, so that totals are
computed from the rows and are right for every measure, including a ratio of sums.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlglot import exp

from dashboards import query
from dashboards.catalog import MARTS, Kind
from dashboards.columns import can_be_summed
from dashboards.compiled import CompiledChart, CompiledDashboard, Field
from dashboards.definition import Pivot
from dashboards.deploy.bindings import NAMESPACE, Warehouse, parameter_id
from dashboards.deploy.client import Json
from dashboards.deploy.errors import PayloadError
from dashboards.deploy.visualization import grain
from dashboards.names import code_names

_BASE_TYPES: dict[Kind, str] = {
    "text": "type/Text",
    "number": "type/Decimal",
    "money": "type/Decimal",
    "count": "type/Integer",
    "date": "type/Date",
    "datetime": "type/DateTime",
    "boolean": "type/Boolean",
}
_AGGREGATES: dict[type[exp.Expr], str] = {
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.Count: "count",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
}


@dataclass
class Crosstab:
    """The two queries of a pivot: `sql` of the rows, and what is aggregated over them."""

    sql: str
    aggregations: list[list[object]]
    breakouts: list[list[object]]


def crosstab(chart: CompiledChart, warehouse: Warehouse) -> Crosstab:
    """A pivot's queries. Raises PayloadError for what Metabase cannot compute."""
    definition = chart.definition
    if definition.limit:
        raise PayloadError("limit", "a pivot shows totals, which `limit` would make wrong")
    clauses = _Clauses(chart.key)
    if definition.sql is not None:
        if chart.wires or chart.variables:
            names = sorted({*(wire.filter for wire in chart.wires), *chart.variables})
            raise PayloadError(
                "sql",
                "Metabase's filters do not reach into the SQL of a pivot: use `model`, or take "
                f"`filters(…)` out and list {', '.join(names)} in `unfiltered`",
            )
        no_sum = [one for one in chart.measures if not can_be_summed(one, chart.template)]
        if isinstance(definition, Pivot) and definition.totals and no_sum:
            raise PayloadError(
                "totals",
                f"Metabase would add up {', '.join(one.label for one in no_sum)} for the totals of "
                "a pivot with `sql`, and ratios, means, running sums and counts of distinct values "
                "do not add up: write `totals: false`, or use `model`",
            )
        aggregations = [
            clauses.named("sum", field, clauses.field(field.name, field.kind))
            for field in chart.measures
        ]
        template = chart.template
    else:
        columns = [f'{_grouped(field)} as "{field.name}"' for field in chart.dimensions]
        aggregations = [clauses.measure(field) for field in chart.measures]
        columns += [f'{sql} as "{name}"' for name, sql in clauses.columns.items()]
        columns += [f'"{wire.column}" as "{filter_column(wire.filter)}"' for wire in chart.wires]
        lines = ["select\n    " + ",\n    ".join(columns), f'from {MARTS}."{definition.model}"']
        # The same conditions as in the query that groups: the definition's own, and BigQuery's.
        if where := query.parse(chart.template).find(exp.Where):
            lines.append(where.sql(dialect="duckdb"))
        template = "\n".join(lines)
    breakouts = [clauses.field(field.name, field.kind, grain(field)) for field in chart.dimensions]
    sql = query.render(
        template,
        warehouse.dialect,
        warehouse.schema,
        lambda _mart: "true",
        lambda name: name,
        code_names(),
    )
    return Crosstab(sql, aggregations, breakouts)


def _grouped(field: Field) -> str:
    """The SQL of a column that rows are grouped by. Where people are hidden, its codes are in an
    expression that masks them, and have their names in there."""
    if not field.names:
        return field.sql or ""
    if query.coded(field.sql or ""):
        return query.named(field.sql or "")

    def named(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return query.parse(query.named(node.sql(dialect="duckdb")))
        return node

    return query.parse(field.sql or "").transform(named).sql(dialect="duckdb")


def filter_column(name: str) -> str:
    """The column of the rows that a filter narrows."""
    return f"filter_{name}"


def mappings(chart: CompiledChart, dashboard: CompiledDashboard, card: int | None) -> list[Json]:
    """How a dashboard's filters narrow a pivot's rows. Raises PayloadError for filters that compare
    in a way that Metabase cannot do with a column."""
    result = []
    for wire in chart.wires:
        definition = dashboard.definition.filters[wire.filter]
        # Only static filters have an operator.
        operator = getattr(definition, "operator", "=")
        if operator != "=":
            raise PayloadError(
                "type",
                f"the filter {wire.filter} compares with {operator}, which Metabase "
                "cannot do in a pivot: list it in `unfiltered`",
            )
        options = {"base-type": _BASE_TYPES[dashboard.kinds[wire.filter]]}
        target = ["dimension", ["field", filter_column(wire.filter), options], {"stage-number": 0}]
        result.append(
            {
                "parameter_id": parameter_id(dashboard.key, wire.filter),
                "card_id": card,
                "target": target,
            }
        )
    return result


class _Clauses:
    """MBQL over the rows; `columns` are those that the measures need, by name."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._made = 0
        self.columns: dict[str, str] = {}

    def _options(self, **more: object) -> Json:
        """Each clause has an id of its own."""
        self._made += 1
        return {"lib/uuid": str(uuid.uuid5(NAMESPACE, f"{self._key}:{self._made}")), **more}

    def field(self, name: str, kind: Kind, unit: str | None = None) -> list[object]:
        options = self._options(**{"base-type": _BASE_TYPES[kind]})
        if unit:
            options["temporal-unit"] = unit
        return ["field", options, name]

    def named(self, operator: str, field: Field, *arguments: object) -> list[object]:
        """An aggregation as the column that a measure is."""
        options = self._options(name=field.name, **{"display-name": field.label})
        return [operator, options, *arguments]

    def measure(self, field: Field) -> list[object]:
        made = self._clause(query.parse(field.sql or ""), field)
        if not isinstance(made, list):
            raise PayloadError("values", f"{field.sql} is not an aggregate")
        operator, options, *arguments = made
        return [operator, {**options, "name": field.name, "display-name": field.label}, *arguments]

    def _clause(self, tree: exp.Expr, field: Field) -> object:
        match tree:
            case exp.Paren():
                return self._clause(tree.this, field)
            case exp.Literal() if not tree.is_string:
                number = float(tree.this)
                return int(number) if number.is_integer() else number
            case exp.Neg():
                return ["*", self._options(), -1, self._clause(tree.this, field)]
            case exp.Filter():
                return self._aggregate(tree.this, tree.expression.this)
            case _ if type(tree) in _AGGREGATES:
                return self._aggregate(tree, None)
            case _ if type(tree) in _ARITHMETIC:
                divisor = tree.expression
                if isinstance(tree, exp.Div) and isinstance(divisor, exp.Nullif):
                    # Metabase divides by zero to null by itself.
                    divisor = divisor.this
                left, right = self._clause(tree.this, field), self._clause(divisor, field)
                return [_ARITHMETIC[type(tree)], self._options(), left, right]
            case exp.Coalesce():
                parts = [self._clause(one, field) for one in (tree.this, *tree.expressions)]
                return ["coalesce", self._options(), *parts]
            case _:
                raise PayloadError(
                    "values",
                    f"Metabase's pivot cannot compute {tree.sql(dialect='duckdb')}: use sums, "
                    "counts, min, max, avg and arithmetic over them, or a table",
                )

    def _aggregate(self, tree: exp.Expr, condition: exp.Expr | None) -> list[object]:
        operator = _AGGREGATES[type(tree)]
        inner = tree.this
        if isinstance(inner, exp.Distinct):
            operator, inner = "distinct", inner.expressions[0]
        if isinstance(inner, exp.Star) or inner is None:
            if condition is None:
                return ["count", self._options()]
            inner = exp.Literal.number(1)
        if condition is not None:
            inner = exp.Case().when(condition.copy(), inner.copy())
        sql = inner.sql(dialect="duckdb")
        known = next((name for name, one in self.columns.items() if one == sql), None)
        name = known or f"value_{len(self.columns) + 1}"
        self.columns[name] = sql
        kind: Kind = "text" if operator == "distinct" else "number"
        return [operator, self._options(), self.field(name, kind)]
