"""What can be broken in a model: small changes of the tree that sqlglot makes of its SQL.

Jinja is a name in it (tools/marks.py) and is not looked into, except for numbers and for macros
whose arguments can be swapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce

import sqlglot
from sqlglot import exp
from sqlglot.expressions import Expr

from tools.marks import NAME, Jinja, other_number, rendered

DIALECT = "duckdb"


@dataclass(frozen=True)
class Breakage:
    """One change of a model, in all passes of a loop if it is in one. The CTE and what is done to
    it name it in the allowlist."""

    line: int
    cte: str
    change: str


def breakages(statement: str, jinja: Jinja) -> list[Breakage]:
    """All that can be broken in the model within a statement."""
    model = rendered(statement)
    return list(_broken(model.sql, jinja)[1]) if model else []


def put_in(statement: str, jinja: Jinja, breakage: Breakage | None) -> str:
    """A statement with a breakage of its model; the same as it is if the model has no such place.
    With None it is not broken, but has gone through the tree all the same."""
    model = rendered(statement)
    if model is None:
        return statement
    sound, broken = _broken(model.sql, jinja)
    if breakage is None:
        return model.filled(sound)
    return model.filled(broken[breakage]) if breakage in broken else statement


# What is replaced, what by, and what that is called; without a name, it is what stands there before
# and after.
Change = tuple[Expr, Expr, str]

# One node for another, wherever it stands.
_SIMPLE: dict[type[Expr], type[Expr]] = {
    exp.Sum: exp.Max,
    exp.Avg: exp.Max,
    exp.Max: exp.Min,
    exp.Min: exp.Max,
    exp.Greatest: exp.Least,
    exp.Least: exp.Greatest,
    exp.Or: exp.And,
    exp.LTE: exp.LT,
    exp.GTE: exp.GT,
    exp.LT: exp.LTE,
    exp.GT: exp.GTE,
    exp.NEQ: exp.EQ,
    exp.Sub: exp.Add,
    exp.Add: exp.Sub,
}
AT_A_GLANCE = 100
# What a change is named by: the part of a clause, a column, a branch of a case.
_ITEM_OF = (
    exp.Select, exp.Where, exp.Having, exp.Qualify, exp.Connector, exp.Join, exp.Case, exp.CTE,
    exp.Subquery, exp.SetOperation, exp.Order,
)  # fmt: skip


@lru_cache(maxsize=8)
def _broken(sql: str, jinja: Jinja) -> tuple[str, dict[Breakage, str]]:
    """A model's SQL as it comes out of the tree, and as each breakage makes it."""
    lines = [0]
    for text in sql.split("\n"):
        lines.append(int((re.findall(r"/\*@(\d+)\*/", text) or [lines[-1] + 1])[-1]))
    words = _Words(jinja)
    # In brackets, so that the whole query can be replaced like any of its parts.
    query = exp.Paren(this=sqlglot.parse_one(sql, dialect=DIALECT))
    with_ = query.this.args.get("with_")
    parts: list[Expr] = [*(with_.pop().expressions if with_ else []), query]
    places: dict[Breakage, list[tuple[int, Expr, Expr]]] = {}
    for number, part in enumerate(parts):
        for node in list(part.walk()):
            for before, after, change in _changes(node, words):
                named = change or _before_and_after(before, after, words)
                breakage = Breakage(_line(before, lines), part.alias, named)
                places.setdefault(breakage, []).append((number, before, after))
    sound = [_sql(part) for part in parts]
    found: dict[str, Breakage] = {}
    for breakage, changed in places.items():
        for _, before, after in changed:
            before.replace(after)
        # To write a tree takes longest, so only what changed is written again.
        texts = sound.copy()
        for number in {number for number, _, _ in changed}:
            texts[number] = _sql(parts[number])
        found.setdefault(_joined(texts), breakage)
        for _, before, after in reversed(changed):
            after.replace(before)
    found.pop(_joined(sound), None)
    return _joined(sound), {breakage: broken for broken, breakage in found.items()}


def _joined(parts: list[str]) -> str:
    """CTEs and the query after them."""
    *ctes, query = parts
    return f"WITH {', '.join(ctes)} {query[1:-1]}" if ctes else query[1:-1]


def _before_and_after(before: Expr, after: Expr, words: _Words) -> str:
    item = _item(before, words)
    said = words(item)
    before.replace(after)
    change = f"{said} → {words(after if item is before else item)}"
    after.replace(before)
    return change


class _Words:
    """SQL as it is written in the project: in lower case, with Jinja."""

    def __init__(self, jinja: Jinja) -> None:
        self.jinja = jinja

    def __call__(self, node: Expr) -> str:
        if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
            return f"when {self(node.this)} then {self(node.args['true'])}"
        pieces = re.findall(r"'(?:[^']|'')*'|[^']+", _sql(node).replace("<>", "!="))
        text = "".join(one if one[0] == "'" else one.lower() for one in pieces)
        text = re.sub(r"\bnot ([\w.]+) is\b", r"\1 is not", text)
        text = re.sub(r"\bnot ([\w.]+) in\b", r"\1 not in", text)
        text = NAME.sub(lambda name: self.jinja[int(name[1])][int(name[2] or 0)], text)
        text = " ".join(text.split())
        is_else = isinstance(node.parent, exp.Case) and node.arg_key == "default"
        return f"else {text}" if is_else else text

    def expressions(self, node: Expr) -> tuple[str, ...]:
        """The Jinja expression that a node is, and its others; empty if it is SQL."""
        name = NAME.fullmatch(node.name) if isinstance(node, exp.Column | exp.Identifier) else None
        return self.jinja[int(name[1])] if name else ()


def _sql(node: Expr) -> str:
    return node.sql(dialect=DIALECT, comments=False)


def _item(node: Expr, words: _Words) -> Expr:
    """The largest part of a clause around a node that can be read at a glance."""
    alone = (exp.Literal, exp.Boolean, exp.Identifier)
    while (parent := node.parent) and not isinstance(parent, _ITEM_OF):
        if len(words(parent)) > AT_A_GLANCE and not isinstance(node, alone):
            break
        node = parent
    return node


def _line(node: Expr, lines: list[int]) -> int:
    """The line in the model's file: that of a name in a node, or around it."""
    while node.parent and not node.find(exp.Identifier):
        node = node.parent
    name = node.find(exp.Identifier)
    return lines[name.meta.get("line", 0)] if name else 1


def _changes(node: Expr, words: _Words) -> Iterator[Change]:
    """What can be done to a node."""
    match node:
        case exp.Identifier():
            for number, _ in enumerate(words.expressions(node)[1:], 1):
                yield node, exp.to_identifier(f"{node.name}_{number}"), ""
        case exp.Not():
            yield node, node.this.copy(), ""
        case exp.Is(expression=exp.Null()) if not isinstance(node.parent, exp.Not):
            yield node, exp.Not(this=node.copy()), ""
        case exp.Boolean():
            yield node, exp.Boolean(this=not node.this), ""
        case exp.Count(this=exp.Distinct()):
            yield node, exp.Count(this=node.this.expressions[0].copy()), ""
        case exp.Coalesce():
            first = node.this.copy()
            has_parts = isinstance(first, exp.Binary | exp.Unary | exp.Predicate)
            yield node, exp.Paren(this=first) if has_parts else first, ""
        case exp.Literal() if _is_constant(node):
            yield node, exp.Literal(this=other_number(node.name), is_string=node.is_string), ""
        case exp.Ordered():
            if node.args.get("desc"):
                yield node, _with(node, desc=False), ""
            elif node.args.get("desc") is None and node.index == 0:
                yield node, _with(node, desc=True), f"order by {words(node.this)} → … desc"
        case exp.Union():
            yield from _unions(node)
        # In a join an equation turned around is a join of everything: it is dropped instead.
        case exp.EQ() if not _is_in_join(node):
            yield node, exp.NEQ(**node.copy().args), ""
        case _ if type(node) in _SIMPLE:
            yield node, _SIMPLE[type(node)](**node.copy().args), ""
    yield from _joins(node, words)
    yield from _conditions(node, words)
    yield from _grains(node, words)


def _with(node: Expr, **arguments: object) -> Expr:
    other = node.copy()
    for name, value in arguments.items():
        other.set(name, value)
    return other


def _is_in_join(node: Expr) -> bool:
    while node.parent and not isinstance(node.parent, exp.Query):
        if isinstance(node.parent, exp.Join):
            return True
        node = node.parent
    return False


def _is_constant(literal: exp.Literal) -> bool:
    if isinstance(literal.parent, exp.Limit | exp.DataTypeParam | exp.Select):
        return False
    return literal.is_number or isinstance(literal.parent, exp.Interval)


_JOINS = {"LEFT": ("", "INNER"), "INNER": ("LEFT", ""), "FULL": ("LEFT", "")}


def _joins(node: Expr, words: _Words) -> Iterator[Change]:
    if isinstance(node, exp.Join) and (now := node.side or node.kind) in _JOINS:
        side, kind = _JOINS[now]
        change = f"{now.lower()} join {words(node.this)} → {(side or kind).lower()} join"
        yield node, _with(node, side=side, kind=kind), f"{change} {words(node.this)}"


def _unions(top: exp.Union) -> Iterator[Change]:
    """A union without one of its branches."""
    branches = _branches(top)
    if len(branches) == 1 or len(_branches(top.parent)) > 1:
        return
    for left_out in range(len(branches)):
        kept = [one.copy() for number, one in enumerate(branches) if number != left_out]
        union = reduce(lambda one, two: exp.Union(this=one, expression=two, distinct=False), kept)
        yield top, union, f"without branch {left_out + 1} of the union"


def _branches(query: Expr | None) -> list[Expr]:
    """The branches of a `union all`; of anything else itself."""
    if isinstance(query, exp.Union) and not query.args.get("distinct"):
        return [*_branches(query.this), *_branches(query.expression)]
    return [query] if query else []


# Days that are to be built again: every day, in a build of all of them.
_PRUNING = re.compile(r"\{\{-?\s*(in_days|within_changes)\(")


def _conditions(node: Expr, words: _Words) -> Iterator[Change]:
    """Conditions dropped, and whole branches of cases."""
    clause, condition = node.key, node.this
    match node:
        case exp.Where() | exp.Having() | exp.Qualify():
            pass
        case exp.Join(args={"on": exp.Expr() as condition}):
            clause = "on"
        # `case x when 1` has values, not conditions.
        case exp.If(parent=exp.Case(this=None)):
            clause = "when"
        case _:
            return
    for operand in _operands(condition):
        if any(map(_PRUNING.match, words.expressions(operand))):
            continue
        said = words(operand)
        if operand is condition and clause == "when":
            yield operand, exp.false(), f"never: when {said}"
        else:
            is_alternative = isinstance(operand.parent, exp.Or)
            neutral = exp.false() if is_alternative else exp.true()
            yield operand, neutral, f"{clause} without: {said}"


def _operands(condition: Expr) -> Iterator[Expr]:
    """What `and` and `or` join, in brackets too."""
    if isinstance(condition, exp.Connector):
        yield from _operands(condition.left)
        yield from _operands(condition.right)
        return
    yield condition
    if isinstance(condition, exp.Paren) and isinstance(condition.this, exp.Connector):
        yield from _operands(condition.this)


def _grains(node: Expr, words: _Words) -> Iterator[Change]:
    """Rows that are not told apart: by a column less, or not made distinct."""
    if isinstance(node, exp.Window):
        columns = node.args.get("partition_by") or []
        for left_out in dict.fromkeys(map(words, columns)):
            kept = [one.copy() for one in columns if words(one) != left_out]
            yield node, _with(node, partition_by=kept), f"partition by without {left_out}"
    if isinstance(node, exp.Select) and node.args.get("distinct"):
        shown = ", ".join(map(words, node.expressions))
        yield node, _with(node, distinct=None), f"not distinct: {shown}"
    if isinstance(node, exp.Select) and (group := node.args.get("group")):
        for left_out in dict.fromkeys(map(words, group.expressions)):
            yield node, _grouped(node, left_out, words), f"group by without {left_out}"


def _grouped(select: exp.Select, left_out: str, words: _Words) -> Expr:
    """A select that does not group by a column, and shows the column's least value instead."""
    other = select.copy()
    for shown in other.expressions:
        if words(column := shown.unalias()) == left_out:
            shown.replace(exp.alias_(exp.Min(this=column.copy()), shown.alias_or_name))
    kept = [one for one in other.args["group"].expressions if words(one) != left_out]
    other.set("group", exp.Group(expressions=kept) if kept else None)
    return other
