"""The reading half of the spreadsheet: its tabs, and ranges of cells in A1 notation."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request

from sandbox.google_sheets.accounts import SPREADSHEET_ID
from sandbox.google_sheets.errors import refusal
from sandbox.google_sheets.state import State
from sandbox.google_sheets.tabs import Formatted, Rows

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_ZERO: Final = date(1899, 12, 30)
_A1: Final = re.compile(r"^([A-Z]*)(\d*)(?::([A-Z]*)(\d*))?$")


def metadata(state: State, request: Request) -> dict[str, Any]:  # noqa: ARG001
    """The spreadsheet and its tabs, without their cells."""
    return {
        "spreadsheetId": SPREADSHEET_ID,
        "properties": {"title": "AI tools", "locale": "en_US", "timeZone": "Etc/GMT"},
        "sheets": [
            {
                "properties": {
                    "sheetId": i,
                    "title": name,
                    "index": i,
                    "sheetType": "GRID",
                    "gridProperties": {"rowCount": 10_000, "columnCount": 26},
                }
            }
            for i, name in enumerate(state.tabs())
        ],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{SPREADSHEET_ID}/edit",
    }


def one_range(state: State, request: Request) -> dict[str, Any]:
    """The cells of the range in the path."""
    return _values(state, request.path_params["range"], _dimension(request), _render(request))


def several_ranges(state: State, request: Request) -> dict[str, Any]:
    """The cells of each requested range."""
    ranges = request.query_params.getlist("ranges")
    how = _dimension(request), _render(request)
    return {
        "spreadsheetId": SPREADSHEET_ID,
        "valueRanges": [_values(state, name, *how) for name in ranges],
    }


def _dimension(request: Request) -> str:
    return request.query_params.get("majorDimension", "ROWS")


def _render(request: Request) -> Callable[[str], Any]:
    """What a cell is answered as."""
    asked = request.query_params.get("valueRenderOption", "FORMATTED_VALUE")
    known: dict[str, Callable[[str], Any]] = {"FORMATTED_VALUE": str, "UNFORMATTED_VALUE": held}
    if asked not in known:
        message = f"Invalid value at 'value_render_option' ({asked})"
        raise refusal(400, "INVALID_ARGUMENT", message)
    return known[asked]


def held(cell: str) -> Any:  # noqa: ANN401 - any JSON value
    """What a cell holds: a number, a day as its serial number, true or false, else its text."""
    if isinstance(cell, Formatted):
        return cell.holds
    if _NUMBER.fullmatch(cell):
        return Decimal(cell) if "." in cell else int(cell)
    if _DAY.fullmatch(cell):
        try:
            return (date.fromisoformat(cell) - _DAY_ZERO).days
        except ValueError:
            return cell
    return {"TRUE": True, "FALSE": False}.get(cell, cell)


def _values(
    state: State, wanted: str, dimension: str, render: Callable[[str], Any]
) -> dict[str, Any]:
    name, cells = _parse(state, wanted)
    rows = _trimmed([[render(cell) for cell in row] for row in _cut(state.tab(name), cells)])
    result: dict[str, Any] = {"range": f"'{name}'!A1:Z1000", "majorDimension": dimension}
    if dimension == "COLUMNS":
        width = max(map(len, rows), default=0)
        rows = _trimmed([[row[i] if i < len(row) else "" for row in rows] for i in range(width)])
    # An empty range has no "values" at all.
    return result | ({"values": rows} if rows else {})


def _parse(state: State, wanted: str) -> tuple[str, str]:
    """Tab and cells of `tab`, `'tab'` or `tab!A1:Z9`."""
    name, _, cells = wanted.partition("!")
    name = name.strip("'")
    if name not in state.tabs() or not _A1.match(cells):
        message = f"Unable to parse range: {wanted}"
        raise refusal(400, "INVALID_ARGUMENT", message)
    return name, cells


def _cut(rows: Rows, cells: str) -> Rows:
    match = _A1.match(cells)
    if not cells or match is None:
        return rows
    left, top, right, bottom = match.groups()
    first_column = _column(left) if left else 0
    last_column = _column(right) + 1 if right else (None if ":" in cells else first_column + 1)
    first_row = int(top) - 1 if top else 0
    last_row = int(bottom) if bottom else (None if ":" in cells else first_row + 1)
    return [row[first_column:last_column] for row in rows[first_row:last_row]]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _trimmed(rows: list[list[Any]]) -> list[list[Any]]:
    """Without empty cells and rows at the end, which Google leaves out."""
    kept = [list(row) for row in rows]
    for row in kept:
        while row and row[-1] == "":
            row.pop()
    while kept and not kept[-1]:
        kept.pop()
    return kept
