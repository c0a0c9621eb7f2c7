"""What a filter's value means, in DuckDB's SQL.

In Metabase, field filters write this themselves; here it is what the check runs and what the
preview starts with. Relative dates are Metabase's: `past30days` ends yesterday, `past30days~`
today.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import cast

from dashboards.compiled import CompiledDashboard, Wire, literal
from dashboards.definition import (
    AnyFilter,
    DateRange,
    NumberRange,
    RelativeDate,
    StaticDate,
    StaticNumber,
    StaticText,
)

# Sample values to try filters that have no default.
_SAMPLES: dict[str, object] = {
    "dropdown": "it's",
    "multi_select": ["a", "b"],
    "search": "a",
    "date_range": "2026-01-01~2026-03-31",
    "relative_date": "past3months~",
    "number_range": (0, 10),
    "date": "2026-01-01",
    "number": 1.5,
    "text": "it's",
}


def sample(definition: AnyFilter) -> object:
    """A value to try a filter with: its default, or a sample for its type."""
    return definition.default or _SAMPLES[definition.type]


def condition(definition: AnyFilter, column: str, value: object, today: date) -> str:
    """The condition that a filter with a value puts on a column, which is given as SQL."""
    match definition:
        case RelativeDate() | DateRange():
            first, last = days(str(value), today)
            return f"cast({column} as date) between date '{first}' and date '{last}'"
        case NumberRange():
            low, high = cast("tuple[float, float]", value)
            return f"{column} between {low} and {high}"
        case StaticDate() | StaticNumber() | StaticText():
            return operation(definition, column, literal(definition, value))
        case _:
            values = value if isinstance(value, list) else [value]
            quoted = ", ".join("'" + str(one).replace("'", "''") + "'" for one in values)
            return f"{column} in ({quoted})"


def operation(definition: StaticDate | StaticNumber | StaticText, column: str, value: str) -> str:
    """How a static filter compares a column with its value; both are SQL."""
    if definition.operator == "contains":
        return f"lower({column}) like concat('%', lower({value}), '%')"
    return f"{column} {definition.operator} {value}"


def on_mart(
    dashboard: CompiledDashboard,
    wires: tuple[Wire, ...],
    mart: str,
    today: date,
    *,
    sampled: bool = False,
) -> str:
    """The condition that a dashboard's filters put on a mart, in DuckDB's SQL: filters with a
    default are set to it, or each is set to a sample. `wires` are those of a chart."""
    conditions = []
    for wire in wires:
        definition = dashboard.definition.filters[wire.filter]
        value = sample(definition) if sampled else definition.default
        if wire.mart == mart and value not in (None, []):
            column = f'"{wire.mart}"."{wire.column}"'
            conditions.append(condition(definition, column, value, today))
    return " and ".join(conditions) or "true"


def days(value: str, today: date) -> tuple[date, date]:
    """The first and the last day that a date filter's value covers. Weeks begin on Monday."""
    if "~" in value.rstrip("~"):
        since, until = value.split("~")
        return date.fromisoformat(since), date.fromisoformat(until)
    if value == "yesterday":
        return today - timedelta(days=1), today - timedelta(days=1)
    match = re.fullmatch(r"(past|next|this)(\d*)(day|week|month|quarter|year)s?(~?)", value)
    if not match:
        raise ValueError(f"{value} is not a date filter's value")
    way, count, unit, with_this = match[1], int(match[2] or 0), match[3], bool(match[4])
    start = _start(today, unit)
    after = _shifted(start, unit, 1)
    if way == "this":
        return start, after - timedelta(days=1)
    if way == "past":
        end = after if with_this else start
        return _shifted(start, unit, -count), end - timedelta(days=1)
    first = start if with_this else after
    return first, _shifted(after, unit, count) - timedelta(days=1)


def _start(day: date, unit: str) -> date:
    """The first day of the period that a day is in."""
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def _shifted(start: date, unit: str, count: int) -> date:
    if unit in ("day", "week"):
        return start + timedelta(days=count * (7 if unit == "week" else 1))
    months = (
        start.year * 12 + start.month - 1 + count * {"month": 1, "quarter": 3, "year": 12}[unit]
    )
    return date(months // 12, months % 12 + 1, 1)
