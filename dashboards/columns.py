"""The columns of a chart, as far as its definition says what they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from dashboards import query
from dashboards.catalog import Column as MartColumn
from dashboards.compiled import Field
from dashboards.definition import (
    AnyChart,
    Column,
    Dimension,
    Format,
    Measure,
    Pie,
    Scatter,
    Table,
    slug,
)

Part = Dimension | Measure | Column


@dataclass(frozen=True)
class Draft:
    """A column of a chart as its definition says, before its type is known; `key` is where."""

    key: str
    role: Literal["dimension", "measure", "goal"]
    name: str
    label: str
    format: Format | None
    decimals: int | None
    sql: str | None


def parts(chart: AnyChart) -> list[tuple[str, Part]]:
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


def is_measure(part: Part, chart: AnyChart, columns: Mapping[str, MartColumn]) -> bool:
    """In a table over a model with `columns` an aggregate makes a measure, and so does a column of
    money or of another decimal number, which is summed; with `sql` a number does not."""
    if not isinstance(part, Column):
        return isinstance(part, Measure)
    if chart.sql is not None or part.grain:
        return False
    column = columns.get(part.value)
    if column and column.kind in ("money", "number") and column.is_quantity:
        return True
    try:
        return query.parse(part.value).find(exp.AggFunc) is not None
    except query.QueryError:
        return False


def name_of(part: Part, chart: AnyChart) -> str:
    """A column's name in the answer of a chart over a model: its label's; a period's; that of the
    column it is, or sums; the chart's."""
    if part.label:
        return slug(part.label)
    if grain := getattr(part, "grain", None):
        return str(grain)
    match = re.fullmatch(r"(?:(?:sum|max|min|avg)\s*\(\s*)?(\w+)\s*\)?", part.value)
    return match[1] if match else slug(chart.name)


def order(chart: AnyChart, drafts: list[Draft]) -> list[str]:
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


def can_be_summed(one: Field, template: str) -> bool:
    """Whether a number of a query can be summed, as far as its type, its name and the query
    tell."""
    is_ratio = MartColumn(one.name, "number").is_ratio
    return (
        one.kind in ("money", "count")
        and not is_ratio
        and one.name not in query.no_sums_in(template)
    )


def quotient_format(sql: str, columns: dict[str, MartColumn]) -> Format | None:
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
