"""The sheets that people edit, from Google Sheets or from CSV files with the same names.

Both give the same records and pass the same checks (`tabs`). A tab with mistakes lands nothing, so
its last good version stays in force; the other tabs land.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from extract.google_sheets.tabs import TABS, SheetError, rows_of
from extract.http import VendorError
from extract.records import Record
from extract.windows import Page, Period, Resource, Run, Window, fetch
from foundation.sources.google_sheets import GoogleSheetsSettings

TABLES = tuple(TABS)
ORGANIZATION = "sheets"

Cells = list[list[str]]


def extract(settings: GoogleSheetsSettings, run: Run) -> Iterator[Window]:
    try:
        tabs = _read(settings, run)
    except VendorError as error:
        run.report.errors.append(str(error))
        return
    for name in TABS:
        yield from fetch(_resource(settings, name, tabs.get(name)), ORGANIZATION, run)


def check(settings: GoogleSheetsSettings) -> Iterator[tuple[str, Callable[[], None]]]:
    """A cheap request: the label, and a call that raises if it fails."""

    def ask() -> None:
        if settings.sheets_dir:
            _files(settings.sheets_dir)
        else:
            from extract.google_sheets import client as google

            google.titles(settings, google.connect(settings))

    yield ORGANIZATION, ask


def _resource(settings: GoogleSheetsSettings, name: str, cells: Cells | None) -> Resource:
    def pages(_: Period) -> Iterator[Page]:
        try:
            rows = rows_of(name, cells or [])
        except SheetError as error:
            raise VendorError(
                f"the tab {name} has problems:\n{error}",
                advice="correct them and run again; until then its last good version is in force",
            ) from None
        found = [msgspec.Raw(msgspec.json.encode(row)) for row in rows]
        request = {"path": settings.google_sheets_id or str(settings.sheets_dir), "tab": name}
        yield Page([(None, found)], request, {"is_present": cells is not None})

    # A row is checked along with the rest of its tab.
    return Resource(name, Record, pages, is_directory=True, may_be_emptied=False)


def _read(settings: GoogleSheetsSettings, run: Run) -> dict[str, Cells]:
    """The cells of every known tab that exists; the report names the other tabs."""
    if settings.sheets_dir:
        files = _files(settings.sheets_dir)
        _name_others(run, [name for name in files if name not in TABS])
        return {name: _csv_cells(path) for name, path in files.items() if name in TABS}
    # Imported only if there is a spreadsheet: Google's libraries take a while.
    from extract.google_sheets import client as google

    client = google.connect(settings)
    titles = google.titles(settings, client)
    _name_others(run, [name for name in titles if name not in TABS])
    return google.cells(
        settings, client, {name: title for name, title in titles.items() if name in TABS}
    )


def _name_others(run: Run, others: list[str]) -> None:
    if others:
        run.report.notes.append(
            f"not read, because these are not names of known tabs: {', '.join(others)}"
        )


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise VendorError(f"there is no folder {folder}", advice="set SHEETS_DIR to one")
    return {path.stem.strip(): path for path in sorted(folder.glob("*.csv"))}


def _csv_cells(path: Path) -> Cells:
    try:
        # Excel writes a byte order mark at the beginning of UTF-8 files.
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VendorError(
            f"cannot read {path}: {error}", advice="save it as CSV with commas, in UTF-8"
        ) from None
