"""The part of SOQL that an extractor needs.

Fields or count(), min() and max() of one object, a `where` of comparisons joined by `and`, `order
by` and `limit`. Anything else is MALFORMED_QUERY, which is what Salesforce says about anything that
it does not understand.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sandbox.answers import Refusal
from sandbox.salesforce.errors import refusal
from sandbox.salesforce.state import State
from sandbox.seller import Record

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_QUERY: Final = re.compile(
    rf"\s*select\s+(?P<fields>.+?)\s+from\s+(?P<object>{_WORD})"
    rf"(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s+by\s+(?P<order>.+?))?"
    rf"(?:\s+limit\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION: Final = re.compile(rf"({_WORD})\s*(<=|>=|!=|=|<|>)\s*('(?:[^'\\]|\\.)*'|\S+)\s*$")
_AGGREGATE: Final = re.compile(rf"(min|max|count)\s*\(\s*({_WORD})?\s*\)(?:\s+({_WORD}))?$", re.I)
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a query found: whole records of an object, and which parts were asked for."""

    kind: str
    fields: tuple[str, ...]
    aggregate: tuple[str, str, str] | None
    rows: list[Record]


def evaluate(state: State, soql: str, *, include_deleted: bool) -> Found:
    """The rows of a query. Refusal if it is not a query, or names an unknown field or object."""
    match = _QUERY.match(soql)
    if not match:
        raise _malformed(f"unexpected token: {soql[:40]}")
    records = state.records()
    kind = next((name for name in records if name.lower() == match["object"].lower()), None)
    if kind is None or kind in state.hidden:
        message = f"sObject type '{match['object']}' is not supported."
        raise refusal(400, "INVALID_TYPE", message)
    rows = [row for row in records[kind] if include_deleted or not row.get("IsDeleted")]
    hidden = {name.partition(".")[2] for name in state.hidden if name.startswith(kind)}
    # An empty object still has fields: those of its first records.
    known = {name.lower(): name for name in state.fields(kind) if name not in hidden}

    def named(name: str) -> str:
        if name.strip().lower() not in known:
            message = (
                f"\n{soql}\n^\nERROR at Row:1:Column:8\nNo such column '{name.strip()}' on entity "
                f"'{kind}'. If you are attempting to use a custom field, be sure to append the "
                "'__c' after the custom field name. Please reference your WSDL or the describe "
                "call for the appropriate names."
            )
            raise refusal(400, "INVALID_FIELD", message)
        return known[name.strip().lower()]

    for condition in re.split(r"\s+and\s+", match["where"] or "", flags=re.IGNORECASE):
        if condition:
            rows = _filtered(rows, condition, named)
    for one in reversed((match["order"] or "").split(",")):
        if one.strip():
            name, _, direction = one.strip().partition(" ")
            key = named(name)
            rows.sort(
                key=lambda row, key=key: (row[key] is not None, row[key]),  # type: ignore[misc]
                reverse=direction.strip().lower() == "desc",
            )
    if match["limit"]:
        rows = rows[: int(match["limit"])]
    if aggregate := _AGGREGATE.match(match["fields"].strip()):
        function, name, alias = aggregate.groups()
        field_name = named(name) if name else ""
        return Found(kind, (), (function.lower(), field_name, alias or "expr0"), rows)
    return Found(kind, tuple(named(name) for name in match["fields"].split(",")), None, rows)


def aggregated(found: Found) -> dict[str, Any]:
    """The one row of a query with an aggregate."""
    function, name, alias = found.aggregate or ("", "", "")
    values = [row[name] for row in found.rows if row[name] is not None] if name else found.rows
    if function == "count":
        return {alias: len(values)}
    return {alias: (min if function == "min" else max)(values, default=None)}


def _filtered(rows: list[Record], condition: str, named: Callable[[str], str]) -> list[Record]:
    match = _CONDITION.match(condition.strip())
    if not match:
        raise _malformed(f"unexpected token: {condition[:40]}")
    name, sign, text = named(match[1]), match[2], match[3]
    literal, compare = _literal(text), _OPERATORS[sign]
    if literal is None:
        return [row for row in rows if compare(row[name], None)]
    kept = []
    for row in rows:
        value = _comparable(row[name], literal)
        if value is not None and type(value) is type(literal):
            if compare(value, literal):
                kept.append(row)
        elif value is not None:
            message = f"value of filter criterion for field '{name}' must be of type its own"
            raise refusal(400, "INVALID_FIELD", message)
        elif sign == "!=":
            kept.append(row)
    return kept


def _literal(text: str) -> Any:  # noqa: ANN401 - any of SOQL's
    if text.startswith("'"):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text.lower() in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text.lower()]
    try:
        if "T" in text:
            return datetime.fromisoformat(text)
        return date.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\d$", text) else Decimal(text)
    except (ValueError, ArithmeticError):
        raise _malformed(f"unexpected token: '{text}'") from None


def _comparable(value: Any, literal: Any) -> Any:  # noqa: ANN401
    """A record's value converted to the literal's type, if possible."""
    if isinstance(value, str) and isinstance(literal, datetime):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and isinstance(literal, date):
        return date.fromisoformat(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    return value


def _malformed(message: str) -> Refusal:
    return refusal(400, "MALFORMED_QUERY", message)
