"""The tabs that people edit: their columns, and the checks that keep mistakes out of the marts.

The checks cover what SQL relies on: known columns, days, numbers and months that can be cast, keys
that are present and unique. Spaces around a value and capitals in an e-mail are left to SQL. What
lands is the text of the cells, unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ValidationError, model_validator

MAX_PROBLEMS = 20
HUNDRED = Decimal(100)


def _like(pattern: str, otherwise: str) -> AfterValidator:
    """Text that the whole pattern must match; `otherwise` is the error if it does not."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(otherwise)
        return value

    return AfterValidator(check)


def _day(value: str) -> str:
    try:
        # Python would also accept 20260101 and 2026-W01.
        if date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise ValueError("is not a day, YYYY-MM-DD")


Email = Annotated[str, _like(r"[^@\s]+@[^@\s]+", "is not an e-mail address")]
Day = Annotated[str, AfterValidator(_day)]
Month = Annotated[str, _like(r"\d{4}-(0[1-9]|1[0-2])", "is not a month, YYYY-MM")]
Number = Annotated[str, _like(r"-?\d{1,18}(\.\d+)?", "is not a plain number such as 1234.50")]
Fraction = Annotated[str, _like(r"0(\.\d+)?|1(\.0+)?", "is not a number from 0 to 1")]
Percent = Annotated[
    str, _like(r"100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?", "is not a percentage such as 25 or 12.5")
]
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
Flag = Annotated[str, _like(r"(?i)true|false", "is neither true nor false")]
_SCOPES = ("company", "department", "team", "cost_center", "user")
ScopeType = Annotated[str, _like(f"(?i){'|'.join(_SCOPES)}", f"is none of {', '.join(_SCOPES)}")]


class Row(BaseModel):
    """A row of a tab. Its fields are the columns that are known; one without a default must be
    there and filled.

    `key` must be unique; where `valid` names two columns, among rows whose days overlap. Where
    `share_column` names one, rows of a key with the same days share it, each by its percentage or
    all in equal parts; what they name, `owners`, differs.
    """

    key: ClassVar[tuple[str, ...]]
    valid: ClassVar[tuple[str, str] | None] = None
    share_column: ClassVar[str | None] = None
    owners: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def filled(cls, row: dict[str, str]) -> dict[str, str]:
        """The values of the row that count as given."""
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
    share_column = "share"
    owners = ("email", "cost_center")

    api_key_id: str
    api_key_name: str = ""
    email: Email = ""
    platform: str = ""
    purpose: str = ""
    environment: str = ""
    cost_center: str = ""
    is_active: Flag = ""
    confidence: Fraction = ""
    share: Percent = ""
    valid_from: Day = ""
    valid_to: Day = ""


class ProjectMapping(Row):
    key = ("project", "vendor")
    valid = ("valid_from", "valid_to")
    share_column = "share"
    owners = ("email", "cost_center")

    vendor: str
    project: str
    email: Email = ""
    cost_center: str = ""
    purpose: str = ""
    confidence: Fraction = ""
    share: Percent = ""
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
        # There is only one company, so it needs no name.
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
    "project_mappings": ProjectMapping,
    "seat_plans": SeatPlan,
    "seat_assignments": SeatAssignment,
    "budgets": Budget,
    "invoices": Invoice,
    "exchange_rates": ExchangeRate,
}


class SheetError(Exception):
    """What is wrong in a tab: a line for each problem, with tab, row and column."""


def rows_of(name: str, cells: list[list[str]]) -> list[dict[str, str | int]]:
    """The rows of a tab as {"_row": its number in the sheet, header: text of the cell}.

    `cells` are its lines from the first, including headers; lines may be shorter than the header,
    and blank ones are skipped. Raises SheetError.
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
            problems += _share_problems(name, trimmed)
        if not problems:
            return [{"_row": number, **row} for number, row in rows]
    more = len(problems) - MAX_PROBLEMS
    shown = problems[:MAX_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
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
    """Rows that claim the same key for the same days. If a row ends on the day the next one begins,
    that is clear enough and not a problem."""
    tab = TABS[name]
    before: dict[tuple[str, ...], list[tuple[int, str, str, list[str]]]] = {}
    for number, row in rows:
        key = tuple(row.get(column, "").lower() for column in tab.key)
        if not any(key):
            continue
        begin, end = (row.get(column, "") for column in tab.valid or ("", ""))
        owners = [row.get(column, "").lower() for column in tab.owners]
        for other, other_begin, other_end, other_owners in before.get(key, []):
            if (begin, end) == (other_begin, other_end) and owners != other_owners:
                continue
            if (not other_end or begin < other_end) and (not end or other_begin < end):
                days = " for overlapping days" if tab.valid else ""
                yield (
                    f"{name} row {number}, column {tab.key[-1]}: "
                    f"{' '.join(filter(None, key))!r} is already in row {other}{days}"
                )
                break
        before.setdefault(key, []).append((number, begin, end, owners))


def _share_problems(name: str, rows: list[tuple[int, dict[str, str]]]) -> Iterator[str]:
    """Rows that share a key and do not add up to it."""
    tab = TABS[name]
    if not (tab.share_column and tab.valid):
        return
    groups: dict[tuple[str, ...], list[tuple[int, dict[str, str]]]] = {}
    for number, row in rows:
        # Switched off without a last day, a row was never in force.
        if row.get("is_active", "").lower() != "false" or row.get(tab.valid[1]):
            key = tuple(row.get(column, "").lower() for column in (*tab.key, *tab.valid))
            groups.setdefault(key, []).append((number, row))
    for (subject, *_), members in groups.items():
        numbers = ", ".join(str(number) for number, _ in members)
        row_or_rows = "rows" if len(members) > 1 else "row"
        where = f"{name} {row_or_rows} {numbers}, column {tab.share_column}"
        shares = [Decimal(share) for _, row in members if (share := row.get(tab.share_column))]
        if len(members) > 1 and not all(
            any(row.get(column) for column in tab.owners) for _, row in members
        ):
            yield f"{where}: {subject!r} is shared, and a row names none of {', '.join(tab.owners)}"
        if shares and len(shares) < len(members):
            yield f"{where}: {subject!r} has a share in some rows only; fill all of them, or none"
        elif shares and sum(shares) != HUNDRED:
            yield f"{where}: the shares of {subject!r} sum to {sum(shares)}, not to 100"
        elif not all(shares):
            yield f"{where}: a share of {subject!r} is 0"
