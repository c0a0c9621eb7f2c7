"""The tabs that people edit: their columns, and the checks that stand between a slip and the marts.

Checked is what SQL relies on: known columns, days, numbers and months that can be cast, keys that
are there and unique. Spaces around a value and capitals in an e-mail are left to SQL. What is
landed is the text of the cells, unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ValidationError, model_validator

MOST_PROBLEMS = 20


def _like(pattern: str, otherwise: str) -> AfterValidator:
    """A text that the pattern matches whole; `otherwise` says what another one is not."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(otherwise)
        return value

    return AfterValidator(check)


def _day(value: str) -> str:
    try:
        # Python would also take 20260101 and 2026-W01.
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise ValueError("is not a day, YYYY-MM-DD")


Email = Annotated[str, _like(r"[^@\s]+@[^@\s]+", "is not an e-mail address")]
Day = Annotated[str, AfterValidator(_day)]
Month = Annotated[str, _like(r"\d{4}-(0[1-9]|1[0-2])", "is not a month, YYYY-MM")]
Number = Annotated[str, _like(r"-?\d{1,18}(\.\d+)?", "is not a plain number such as 1234.50")]
Rate = Annotated[
    str,
    _like(
        r"(?=.*[1-9])\d{1,8}(\.\d{1,8})?",
        "is not a number above 0 with at most eight decimals, such as 1.0842",
    ),
]
Currency = Annotated[str, _like(r"[A-Za-z]{3}", "is not a currency code such as EUR")]
ForeignCurrency = Annotated[
    Currency, _like(r"(?i)(?!usd).*", "needs no rate: all amounts are shown in dollars")
]
Share = Annotated[str, _like(r"0(\.\d+)?|1(\.0+)?", "is not a number from 0 to 1")]
Flag = Annotated[str, _like(r"(?i)true|false", "is neither true nor false")]
_SCOPES = ("company", "department", "team", "cost_center", "user")
ScopeType = Annotated[str, _like(f"(?i){'|'.join(_SCOPES)}", f"is none of {', '.join(_SCOPES)}")]


class Row(BaseModel):
    """A row of a tab. Its fields are the columns that are known; one without a default must be
    there and filled.

    `key` must be unique; where `valid` names two columns, among rows whose days overlap.
    """

    key: ClassVar[tuple[str, ...]]
    valid: ClassVar[tuple[str, str] | None] = None

    @classmethod
    def filled(cls, row: dict[str, str]) -> dict[str, str]:
        """What of the row counts as given."""
        return {column: value for column, value in row.items() if value}


class Employee(Row):
    key = ("email",)
    valid = ("start_date", "end_date")

    email: Email
    full_name: str = ""
    department: str = ""
    team: str = ""
    manager_email: Email = ""
    cost_center: str = ""
    job_title: str = ""
    user_type: str = ""
    start_date: Day = ""
    end_date: Day = ""
    ai_budget_monthly_usd: Number = ""


class EmailAlias(Row):
    key = ("alias",)

    alias: str
    email: Email


class ApiKeyMapping(Row):
    key = ("api_key_id",)
    valid = ("valid_from", "valid_to")

    api_key_id: str
    api_key_name: str = ""
    email: Email = ""
    platform: str = ""
    purpose: str = ""
    environment: str = ""
    cost_center: str = ""
    is_active: Flag = ""
    confidence: Share = ""
    valid_from: Day = ""
    valid_to: Day = ""


class SeatPlan(Row):
    key = ("platform", "plan")
    valid = ("valid_from", "valid_to")

    platform: str
    plan: str
    seat_price_usd: Number
    billing_cycle: str
    valid_from: Day = ""
    valid_to: Day = ""


class SeatAssignment(Row):
    key = ("platform", "email")
    valid = ("assigned_from", "assigned_to")

    platform: str
    email: Email
    plan: str
    assigned_from: Day = ""
    assigned_to: Day = ""


class Budget(Row):
    key = ("scope_type", "scope", "month")

    scope_type: ScopeType
    scope: str
    month: Month
    amount_usd: Number

    @classmethod
    def filled(cls, row: dict[str, str]) -> dict[str, str]:
        # There is one company: it needs no name.
        is_company = row.get("scope_type", "").lower() == "company"
        return ({"scope": ""} if is_company else {}) | super().filled(row)


class Invoice(Row):
    key = ("platform", "organization", "invoice_id")

    platform: str
    organization: str = ""
    invoice_id: str
    period_start: Day
    period_end: Day
    amount_usd: Number = ""
    amount: Number = ""
    currency: Currency = ""
    status: str = ""

    @model_validator(mode="after")
    def _is_one_amount(self) -> Invoice:
        if bool(self.amount_usd) == bool(self.amount) or bool(self.amount) != bool(self.currency):
            raise ValueError("fill amount_usd alone, or amount and currency")
        return self


class ExchangeRate(Row):
    key = ("currency", "valid_from")

    currency: ForeignCurrency
    valid_from: Day
    usd_per_unit: Rate


TABS: dict[str, type[Row]] = {
    "employees": Employee,
    "email_aliases": EmailAlias,
    "api_key_mappings": ApiKeyMapping,
    "seat_plans": SeatPlan,
    "seat_assignments": SeatAssignment,
    "budgets": Budget,
    "invoices": Invoice,
    "exchange_rates": ExchangeRate,
}


class SheetError(Exception):
    """What is wrong in a tab, a line for each problem with tab, row and column."""


def rows_of(name: str, cells: list[list[str]]) -> list[dict[str, str | int]]:
    """The rows of a tab as {"_row": its number in the sheet, header: text of the cell}.

    `cells` are its lines from the first, headers included; lines may be shorter than the header,
    blank ones are passed over. Raises SheetError.
    """
    if not cells:
        return []
    problems: list[str] = []
    headers = [header.strip() for header in cells[0]]
    lines = [
        (number, line + [""] * (len(headers) - len(line)))
        for number, line in enumerate(cells[1:], start=2)
        if any(cell.strip() for cell in line)
    ]
    problems += _header_problems(name, headers, lines)
    if not problems:
        rows = [
            (number, {head: cell for head, cell in zip(headers, line, strict=False) if head})
            for number, line in lines
        ]
        trimmed = [
            (number, {head: cell.strip() for head, cell in row.items()}) for number, row in rows
        ]
        problems += _cell_problems(name, trimmed)
        problems += _key_problems(name, trimmed)
        if not problems:
            return [{"_row": number, **row} for number, row in rows]
    more = len(problems) - MOST_PROBLEMS
    shown = problems[:MOST_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
    raise SheetError("\n".join(shown))


def _header_problems(
    name: str, headers: list[str], lines: list[tuple[int, list[str]]]
) -> Iterator[str]:
    columns = TABS[name].model_fields
    seen: dict[str, int] = {}
    for place, header in enumerate(headers):
        where = f"{name} row 1, column {_letters(place)}"
        if not header:
            if filled := [number for number, line in lines if line[place].strip()]:
                yield f"{where}: the header is blank, but row {filled[0]} has a value under it"
        elif header in seen:
            yield f"{where}: the header {header!r} is already in column {_letters(seen[header])}"
        elif header not in columns:
            yield f"{where}: unknown column {header!r}; known are {', '.join(columns)}"
        seen.setdefault(header, place)
    for number, line in lines:
        if any(cell.strip() for cell in line[len(headers) :]):
            yield f"{name} row {number}, column {_letters(len(headers))}: a value without a header"
    for column, field in columns.items():
        if field.is_required() and column not in seen:
            yield f"{name} row 1, column {column}: the column is missing"


def _letters(place: int) -> str:
    """A, B … Z, AA: how a sheet names its columns."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell_problems(name: str, rows: list[tuple[int, dict[str, str]]]) -> Iterator[str]:
    tab = TABS[name]
    for number, row in rows:
        try:
            tab.model_validate(tab.filled(row))
        except ValidationError as error:
            for problem in error.errors():
                said = problem["msg"].removeprefix("Value error, ")
                if not problem["loc"]:
                    yield f"{name} row {number}: {said}"
                    continue
                said = (
                    "is empty" if problem["type"] == "missing" else f"{problem['input']!r} {said}"
                )
                yield f"{name} row {number}, column {problem['loc'][0]}: {said}"
        for begin, end in filter(None, (tab.valid, ("period_start", "period_end"))):
            if row.get(begin) and row.get(end) and row[end] < row[begin]:
                yield f"{name} row {number}, column {end}: {row[end]} is before {begin}"


def _key_problems(name: str, rows: list[tuple[int, dict[str, str]]]) -> Iterator[str]:
    """Rows that claim the same key for the same days. A row that ends on the day the next begins
    leaves no doubt about the other days and is no problem."""
    tab = TABS[name]
    before: dict[tuple[str, ...], list[tuple[int, str, str]]] = {}
    for number, row in rows:
        key = tuple(row.get(column, "").lower() for column in tab.key)
        if not any(key):
            continue
        begin, end = (row.get(column, "") for column in tab.valid or ("", ""))
        for other, other_begin, other_end in before.get(key, []):
            if (not other_end or begin < other_end) and (not end or other_begin < end):
                days = " for overlapping days" if tab.valid else ""
                yield (
                    f"{name} row {number}, column {tab.key[-1]}: "
                    f"{' '.join(filter(None, key))!r} is already in row {other}{days}"
                )
                break
        before.setdefault(key, []).append((number, begin, end))
