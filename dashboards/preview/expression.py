"""A measure as a small tree that the page can compute: aggregates of a cube's rows, and arithmetic.

`sum(cost) / nullif(count(distinct person), 0)` becomes `["/", ["sum", 0], ["nullif", ["distinct",
2], 0]]`: 0 is a component of the cube, a column of partial sums, and 2 one of the columns that it
is grouped by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

Tree = list[object] | float | str | None


class UnsupportedError(Exception):
    """The page cannot compute this; the message says what."""


@dataclass
class Cube:
    """Rows of a mart, grouped: the SQL of the columns and of the components, in order. It has the
    rows for which any of `conditions` holds; None is all of them."""

    mart: str
    columns: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    conditions: list[str | None] = field(default_factory=list)
    rows: int = 0

    def column(self, sql: str) -> int:
        return _place(self.columns, sql)

    def component(self, sql: str) -> int:
        return _place(self.components, sql)


def _place(known: list[str], sql: str) -> int:
    if sql not in known:
        known.append(sql)
    return known.index(sql)


_BINARY: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Nullif: "nullif",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.And: "and",
    exp.Or: "or",
}
_LISTED: dict[type[exp.Expr], str] = {
    exp.Coalesce: "coalesce",
    exp.Greatest: "greatest",
    exp.Least: "least",
}
_UNARY: dict[type[exp.Expr], str] = {exp.Neg: "neg", exp.Abs: "abs", exp.Not: "not"}


def tree_of(node: exp.Expr, cube: Cube) -> Tree:
    """The tree of a measure; what it needs is added to the cube. Raises UnsupportedError."""

    def inner(part: exp.Expr) -> Tree:
        return tree_of(part, cube)

    if isinstance(node, exp.Filter):
        return _aggregate(node.this, node.expression.this, cube)
    if isinstance(node, exp.AggFunc):
        return _aggregate(node, None, cube)
    kind = type(node)
    if kind in _BINARY:
        return [_BINARY[kind], inner(node.this), inner(node.expression)]
    if kind in _UNARY:
        return [_UNARY[kind], inner(node.this)]
    if kind in _LISTED:
        return [_LISTED[kind], inner(node.this), *map(inner, node.expressions)]
    return _other(node, inner)


def _other(node: exp.Expr, inner: Callable[[exp.Expr], Tree]) -> Tree:
    if isinstance(node, exp.Literal):
        return ["text", node.name] if node.is_string else float(node.name)
    if isinstance(node, exp.Paren):
        return inner(node.this)
    if isinstance(node, exp.Null):
        return None
    if isinstance(node, exp.Round):
        digits = node.args.get("decimals")
        return ["round", inner(node.this), inner(digits) if digits else 0.0]
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return ["is null", inner(node.this)]
    if isinstance(node, exp.Cast) and node.to.this in _REAL:
        return inner(node.this)
    if isinstance(node, exp.Case) and node.this is None:
        branches = [part for case in node.args["ifs"] for part in (case.this, case.args["true"])]
        otherwise = node.args.get("default")
        return ["case", *map(inner, branches), inner(otherwise) if otherwise else None]
    raise UnsupportedError(f"{node.sql(dialect='duckdb')} is not computed in the page")


# A cast to one of these does not change a number as it is shown.
_REAL = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT)


def _aggregate(node: exp.Expr, condition: exp.Expr | None, cube: Cube) -> Tree:
    argument = node.this

    def component(function: str) -> int:
        sql = f"{function}({argument.sql(dialect='duckdb')})"
        if condition is not None:
            sql += f" filter (where {condition.sql(dialect='duckdb')})"
        return cube.component(sql)

    if isinstance(argument, exp.Distinct):
        if not isinstance(node, exp.Count) or len(argument.expressions) != 1:
            raise UnsupportedError(f"{node.sql(dialect='duckdb')} is not computed in the page")
        counted = argument.expressions[0]
        sql = counted.sql(dialect="duckdb")
        if isinstance(counted, exp.Tuple):
            sql = f"cast({sql} as varchar)"
        if condition is not None:
            sql = f"case when {condition.sql(dialect='duckdb')} then {sql} end"
        return ["distinct", cube.column(sql)]
    match node:
        case exp.Sum():
            return ["sum", component("sum")]
        case exp.Count():
            return ["count", component("count")]
        case exp.Min():
            return ["min", component("min")]
        case exp.Max():
            return ["max", component("max")]
        case exp.Avg():
            return ["/", ["sum", component("sum")], ["count", component("count")]]
    raise UnsupportedError(f"{node.sql(dialect='duckdb')} is not computed in the page")


def is_additive(tree: Tree) -> bool:
    """Whether the measure of a whole is the sum of the measures of its parts."""
    if not isinstance(tree, list):
        return False
    operation, *parts = tree
    match operation:
        case "sum" | "count":
            return True
        case "+" | "-":
            return all(is_additive(_tree(part)) for part in parts)
        case "*":
            return sorted(map(_is_number, parts)) == [False, True] and any(
                is_additive(_tree(part)) for part in parts
            )
        case "/":
            divisor = parts[1]
            if isinstance(divisor, list) and divisor[0] == "nullif":
                divisor = divisor[1]
            return _is_number(divisor) and is_additive(_tree(parts[0]))
        case "neg" | "coalesce":
            return is_additive(_tree(parts[0]))
        case _:
            return False


def _is_number(part: object) -> bool:
    return isinstance(part, float | int)


def _tree(part: object) -> Tree:
    return part if isinstance(part, list) else None
