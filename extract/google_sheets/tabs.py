"""The tabs that people edit: their columns, and the checks that stand between a slip and the marts.

Checked is what SQL relies on: known columns, days, numbers and months that can be cast, keys that
are there and unique. Spaces around a value and capitals in an e-mail are left to SQL. What is
landed is the text of the cells, unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

MOST_PROBLEMS = 20


def _text(_: str) -> None:
    return None


def _email(value: str) -> str | None:
    return None if re.fullmatch(r"[^@\s]+@[^@\s]+", value) else "is not an e-mail address"


def _day(value: str) -> str | None:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            date.fromisoformat(value)
            return None
    except ValueError:
        pass
    return "is not a day, YYYY-MM-DD"


def _month(value: str) -> str | None:
    return None if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value) else "is not a month, YYYY-MM"


def _number(value: str) -> str | None:
    plain = re.fullmatch(r"-?\d{1,18}(\.\d+)?", value)
    return None if plain else "is not a plain number such as 1234.50"


def _share(value: str) -> str | None:
    return None if re.fullmatch(r"0(\.\d+)?|1(\.0+)?", value) else "is not a number from 0 to 1"


def _flag(value: str) -> str | None:
    return None if value.lower() in ("true", "false") else "is neither true nor false"


def _scope_type(value: str) -> str | None:
    known = ("company", "department", "team", "cost_center", "user")
    return None if value.lower() in known else f"is none of {', '.join(known)}"


Check = Callable[[str], str | None]


@dataclass(frozen=True)
class Tab:
    """`columns` are all that are known, with their check; `required` ones must be there and filled.

    `key` must be unique; where `valid` names two columns, among rows whose days overlap.
    """

    columns: dict[str, Check]
    required: tuple[str, ...]
    key: tuple[str, ...]
    valid: tuple[str, str] | None = None
    may_lack: Callable[[dict[str, str]], tuple[str, ...]] = field(default=lambda _: ())


TABS = {
    "employees": Tab(
        {
            "email": _email,
            "full_name": _text,
            "department": _text,
            "team": _text,
            "manager_email": _email,
            "cost_center": _text,
            "job_title": _text,
            "user_type": _text,
            "start_date": _day,
            "end_date": _day,
            "ai_budget_monthly_usd": _number,
        },
        required=("email",),
        key=("email",),
        valid=("start_date", "end_date"),
    ),
    "email_aliases": Tab(
        {"alias": _text, "email": _email}, required=("alias", "email"), key=("alias",)
    ),
    "api_key_mappings": Tab(
        {
            "api_key_id": _text,
            "api_key_name": _text,
            "email": _email,
            "platform": _text,
            "purpose": _text,
            "environment": _text,
            "cost_center": _text,
            "is_active": _flag,
            "confidence": _share,
            "valid_from": _day,
            "valid_to": _day,
        },
        required=("api_key_id",),
        key=("api_key_id",),
        valid=("valid_from", "valid_to"),
    ),
    "seat_plans": Tab(
        {
            "platform": _text,
            "plan": _text,
            "seat_price_usd": _number,
            "billing_cycle": _text,
            "valid_from": _day,
            "valid_to": _day,
        },
        required=("platform", "plan", "seat_price_usd", "billing_cycle"),
        key=("platform", "plan"),
        valid=("valid_from", "valid_to"),
    ),
    "seat_assignments": Tab(
        {
            "platform": _text,
            "email": _email,
            "plan": _text,
            "assigned_from": _day,
            "assigned_to": _day,
        },
        required=("platform", "email", "plan"),
        key=("platform", "email"),
        valid=("assigned_from", "assigned_to"),
    ),
    "budgets": Tab(
        {"scope_type": _scope_type, "scope": _text, "month": _month, "amount_usd": _number},
        required=("scope_type", "scope", "month", "amount_usd"),
        key=("scope_type", "scope", "month"),
        # There is one company: it needs no name.
        may_lack=lambda row: ("scope",) if row.get("scope_type", "").lower() == "company" else (),
    ),
    "invoices": Tab(
        {
            "platform": _text,
            "organization": _text,
            "invoice_id": _text,
            "period_start": _day,
            "period_end": _day,
            "amount_usd": _number,
            "status": _text,
        },
        required=("platform", "invoice_id", "period_start", "period_end", "amount_usd"),
        key=("platform", "organization", "invoice_id"),
    ),
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
    tab = TABS[name]
    seen: dict[str, int] = {}
    for place, header in enumerate(headers):
        where = f"{name} row 1, column {_letters(place)}"
        if not header:
            if filled := [number for number, line in lines if line[place].strip()]:
                yield f"{where}: the header is blank, but row {filled[0]} has a value under it"
        elif header in seen:
            yield f"{where}: the header {header!r} is already in column {_letters(seen[header])}"
        elif header not in tab.columns:
            yield f"{where}: unknown column {header!r}; known are {', '.join(tab.columns)}"
        seen.setdefault(header, place)
    for number, line in lines:
        if any(cell.strip() for cell in line[len(headers) :]):
            yield f"{name} row {number}, column {_letters(len(headers))}: a value without a header"
    for column in tab.required:
        if column not in seen:
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
        may_lack = tab.may_lack(row)
        for column, value in row.items():
            where = f"{name} row {number}, column {column}"
            if not value:
                if column in tab.required and column not in may_lack:
                    yield f"{where}: is empty"
            elif wrong := tab.columns[column](value):
                yield f"{where}: {value!r} {wrong}"
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
