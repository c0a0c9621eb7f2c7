"""The sheets that people edit, from Google Sheets or from CSV files of the same names.

Both give the same records and pass the same checks (`extract.tabs`). A tab that is wrong lands
nothing, so that its last good version stays in force; the other tabs land.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import google.auth
import google.auth.exceptions
import google.auth.transport.requests
import gspread
import msgspec
import requests
from gspread.http_client import HTTPClient
from gspread.urls import SPREADSHEETS_API_V4_BASE_URL

from extract.http import TransientError, VendorError, judge, with_retries
from extract.records import SheetRow
from extract.tabs import TABS, SheetError, rows_of
from extract.windows import Page, Period, Resource, Run, Window, fetch
from pipeline.settings import Settings

TABLES = tuple(TABS)
ORGANIZATION = "sheets"

SCOPES = ["https://www.googleapis.com/auth/spreadsheets.readonly"]
TIMEOUT_SECONDS = (15.0, 60.0)

Cells = list[list[str]]


def base_url(settings: Settings) -> str:
    if settings.sheets_dir:
        return settings.sheets_dir.as_uri()
    return settings.google_sheets_base_url


def extract(settings: Settings, run: Run) -> Iterator[Window]:
    try:
        tabs = _read(settings, run)
    except VendorError as error:
        run.report.errors.append(str(error))
        return
    for name in TABS:
        yield from fetch(_resource(settings, name, tabs.get(name)), ORGANIZATION, run)


def check(settings: Settings) -> Iterator[tuple[str, Callable[[], None]]]:
    """A cheap question: the label, and a call that raises if it fails."""

    def ask() -> None:
        if settings.sheets_dir:
            _files(settings.sheets_dir)
        else:
            _titles(settings, _client(settings))

    yield ORGANIZATION, ask


def _resource(settings: Settings, name: str, cells: Cells | None) -> Resource:
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

    return Resource(name, SheetRow, pages, is_directory=True, may_be_emptied=False)


def _read(settings: Settings, run: Run) -> dict[str, Cells]:
    """The cells of every known tab that is there; other tabs are named in the report."""
    if settings.sheets_dir:
        files = _files(settings.sheets_dir)
        _name_others(run, [name for name in files if name not in TABS])
        return {name: _csv_cells(path) for name, path in files.items() if name in TABS}
    client = _client(settings)
    titles = _titles(settings, client)
    _name_others(run, [name for name in titles if name not in TABS])
    known = {name: title for name, title in titles.items() if name in TABS}
    if not known:
        return {}
    ranges = ["'" + title.replace("'", "''") + "'" for title in known.values()]
    answer = _ask(lambda: client.values_batch_get(str(settings.google_sheets_id), ranges))
    # Google leaves out empty cells at the end of a line and empty lines at the end of a tab.
    found = [part.get("values", []) for part in answer["valueRanges"]]
    texts = [[[str(cell) for cell in line] for line in lines] for lines in found]
    return dict(zip(known, texts, strict=True))


def _name_others(run: Run, others: list[str]) -> None:
    if others:
        run.report.notes.append(f"not read, because no tab is called so: {', '.join(others)}")


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise VendorError(f"there is no folder {folder}", advice="set SHEETS_DIR to one")
    return {path.stem.strip(): path for path in sorted(folder.glob("*.csv"))}


def _csv_cells(path: Path) -> Cells:
    try:
        # Excel writes a mark at the beginning of UTF-8 files.
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VendorError(
            f"cannot read {path}: {error}", advice="save it as CSV with commas, in UTF-8"
        ) from None


class _Client(HTTPClient):
    """gspread's client, with a time limit and for any base URL."""

    base_url = ""

    def request(self, method: str, endpoint: str, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        path = endpoint.removeprefix(SPREADSHEETS_API_V4_BASE_URL)
        return super().request(method, f"{self.base_url}/v4/spreadsheets{path}", *args, **kwargs)


def _client(settings: Settings) -> _Client:
    """A client with a token of its own, good for an hour. (google-auth's session would also ask
    Google for the account's allowed locations, wherever the base URL points to.)"""
    path = settings.google_application_credentials
    try:
        if path:
            credentials, _ = google.auth.load_credentials_from_file(  # type: ignore[no-untyped-call]
                str(path), scopes=SCOPES
            )
        else:
            credentials, _ = google.auth.default(scopes=SCOPES)
    except (google.auth.exceptions.GoogleAuthError, ValueError) as error:
        raise VendorError(
            f"no usable Google credentials ({type(error).__name__})",
            advice="set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account that "
            "may view the sheet",
        ) from None
    with_retries(lambda: _refresh(credentials))
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {credentials.token}"
    client = _Client(None, session)  # type: ignore[arg-type] # its documented use
    client.base_url = settings.google_sheets_base_url
    client.set_timeout(TIMEOUT_SECONDS)
    return client


def _refresh(credentials: Any) -> None:  # noqa: ANN401 - google-auth is not typed
    try:
        credentials.refresh(google.auth.transport.requests.Request())
    except google.auth.exceptions.TransportError as error:
        raise TransientError(f"no complete answer ({type(error).__name__})") from None
    except google.auth.exceptions.GoogleAuthError as error:
        raise VendorError(
            f"Google refuses the credentials: {error}",
            advice="check the service account's key, and that the sheet is shared with it",
        ) from None


def _titles(settings: Settings, client: _Client) -> dict[str, str]:
    """Trimmed titles of the tabs, and their titles as they are."""
    answer = _ask(lambda: client.fetch_sheet_metadata(str(settings.google_sheets_id)))
    titles = [sheet["properties"]["title"] for sheet in answer["sheets"]]
    return {title.strip(): title for title in titles}


def _ask(call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    def once() -> Mapping[str, Any]:
        try:
            return call()
        except gspread.exceptions.APIError as error:
            answer = error.response
        except requests.RequestException as error:
            raise TransientError(f"no complete answer ({type(error).__name__})") from None
        judge(answer.status_code, answer.headers, answer.content)
        raise VendorError(f"HTTP {answer.status_code} is an error to gspread only")

    return with_retries(once)
