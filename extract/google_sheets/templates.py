"""Empty tabs that explain themselves, from the models of the tabs: CSV files with remarks above the
header, or a workbook with notes and checks that Google Sheets imports."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extract.google_sheets.reading import tab_named
from extract.google_sheets.tabs import TABS, Column, Row

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

LAST_ROW = 10_000
# Excel refuses a workbook in which the message of a checked cell is longer.
MAX_PROMPT = 255

Written = tuple[list[Path], list[Path]]


def write(path: Path) -> Written:
    """The files that were written, and those that exist and were kept. Raises OSError."""
    if path.suffix.lower() != ".xlsx":
        return _write_folder(path)
    if path.exists():
        return [], [path]
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_workbook(path)
    return [path], []


def _write_folder(folder: Path) -> Written:
    folder.mkdir(parents=True, exist_ok=True)
    there = {tab_named(path.stem): path for path in sorted(folder.iterdir())}
    written, kept = [], []
    for name, tab in TABS.items():
        if name in there:
            kept.append(there[name])
            continue
        path = folder / f"{name}.csv"
        # Excel takes a file for UTF-8 by its byte order mark.
        with path.open("x", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(template(tab))
        written.append(path)
    return written, kept


def template(tab: type[Row]) -> list[list[str]]:
    """The lines of an empty tab: remarks, examples as remarks, and the header."""
    columns = tab.described()
    examples = [[f"# {first}", *rest] for first, *rest in tab.example_rows()]
    return [
        [f"# {tab.about()}"],
        *([f"# {column.name}: {explained(column)}"] for column in columns),
        ["# For example, without the # at the beginning:"],
        *examples,
        [column.name for column in columns],
    ]


def explained(column: Column) -> str:
    """What a column is for, and what may stand in it."""
    needed = "must be filled" if column.is_required else "may be empty"
    return f"{column.description}. {column.values[:1].upper()}{column.values[1:]}; {needed}."


def _write_workbook(path: Path) -> None:
    # Imported here: only this command needs it.
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        # As text a cell keeps what was typed: a month would become a date, an id a number.
        formats = {
            is_number: book.add_format({"num_format": "General" if is_number else "@"})
            for is_number in (False, True)
        }
        for name, tab in TABS.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(tab.described()):
                sheet.write_string(0, place, column.name, bold)
                note = f"{explained(column)}\nExample: {column.example}"
                sheet.write_comment(0, place, note, {"x_scale": 2})
                sheet.set_column(place, place, len(column.name) + 6, formats[column.is_number])
                _validate(sheet, place, column)


def _validate(sheet: Worksheet, place: int, column: Column) -> None:
    if rule := _rule(column, place):
        prompt = explained(column)
        rule |= {"input_title": column.name[:32], "input_message": prompt[:MAX_PROMPT]}
        rule |= {"error_title": column.name[:32], "error_message": prompt[:MAX_PROMPT]}
        sheet.data_validation(1, place, LAST_ROW, place, rule)


def _rule(column: Column, place: int) -> dict[str, Any] | None:
    """What the program itself can check in the cells of a column."""
    values = column.kind.values()
    if values:
        kind = "warning" if column.kind.others else "stop"
        return {"validate": "list", "source": list(values), "error_type": kind}
    cell = f"{chr(65 + place)}2"
    if column.is_number:
        return {"validate": "decimal", "criteria": "between", **_bounds(column.kind.words)}
    formulas = {
        "a day, YYYY-MM-DD": f'=AND(LEN({cell})=10,MID({cell},5,1)="-",MID({cell},8,1)="-")',
        "a month, YYYY-MM": f'=AND(LEN({cell})=7,MID({cell},5,1)="-")',
        "an e-mail address": f'=AND(ISNUMBER(FIND("@",{cell})),ISERROR(FIND(" ",TRIM({cell}))))',
        "the code of a currency": f"=LEN({cell})=3",
    }
    formula = formulas.get(column.kind.words)
    return {"validate": "custom", "value": formula} if formula else None


def _bounds(words: str) -> dict[str, float]:
    if "0 to 1" in words:
        return {"minimum": 0, "maximum": 1}
    if "percentage" in words:
        return {"minimum": 0, "maximum": 100}
    return {"minimum": 0.00000001 if "above 0" in words else -1e15, "maximum": 1e15}
