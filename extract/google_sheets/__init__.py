"""The sheets that people edit, from Google Sheets or from CSV files with the same names.

Both give the same records and pass the same `checks`. A tab with mistakes, or in a file that cannot
be read, lands nothing, so its last good version stays in force; the other tabs land.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from extract.google_sheets.checks import SheetError
from extract.google_sheets.reading import Sheets, find
from extract.google_sheets.tabs import TABS
from extract.http import VendorError
from extract.records import Record
from extract.windows import Page, Period, Resource, Run, Window, fetch
from foundation.sources.google_sheets import GoogleSheetsSettings

TABLES = tuple(TABS)
ORGANIZATION = "sheets"


def extract(settings: GoogleSheetsSettings, run: Run) -> Iterator[Window]:
    try:
        sheets = find(settings)
    except VendorError as error:
        run.report.errors.append(str(error))
        return
    run.report.notes += sheets.notes
    for name in TABS:
        yield from fetch(_resource(settings, name, sheets, run), ORGANIZATION, run)


def _resource(settings: GoogleSheetsSettings, name: str, sheets: Sheets, run: Run) -> Resource:
    def pages(_: Period) -> Iterator[Page]:
        reading = sheets.read(name)
        if reading.problems:
            raise VendorError(
                f"the tab {name} has problems:\n{SheetError(reading.problems)}",
                advice="correct them and run again; until then its last good version is in force",
            )
        run.report.notes += reading.notes
        found = [msgspec.Raw(msgspec.json.encode(row)) for row in reading.rows]
        request = {"path": settings.google_sheets_id or str(settings.sheets_dir), "tab": name}
        yield Page([(None, found)], request, {"is_present": name in sheets.tabs})

    # A row is checked along with the rest of its tab.
    brings = (TABS[name].__doc__ or "").partition(".")[0]
    return Resource(name, Record, pages, is_directory=True, may_be_emptied=False, brings=brings)
